#!/usr/bin/env python3
"""Checks that programs need no library but those of the C library's own package, so that they run on any Linux.

    linked.py PROGRAM...

The C library itself is not built in; a program runs where that is at least as new as where it was built.
"""

import re
import subprocess
import sys

# What Debian's libc6 brings, and libgcc-s1, without which it is not installed.
WITH_LIBC = re.compile(r"(linux-(vdso|gate)\.so\.1|ld-linux[\w-]*\.so\.\d|lib(c|m|dl|rt|pthread|util|resolv)\.so\.\d|libgcc_s\.so\.1)")


def foreign(told):
    """Lists the libraries that a program needs beside those, from what ldd says of it."""
    names = [line.split()[0].rsplit("/", 1)[-1] for line in told.splitlines() if line.strip()]
    return [name for name in names if not WITH_LIBC.fullmatch(name)]


def check(program):
    """Returns what is wrong with a program; nothing if all is well."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if "statically linked" in done.stdout:
        return None
    if done.returncode != 0:
        return f"{program}: {done.stderr.strip() or done.stdout.strip()}"
    needed = foreign(done.stdout)
    return f"{program} needs {', '.join(needed)}: build it with `make release`" if needed else None


def main():
    if not sys.argv[1:]:
        sys.exit(__doc__)
    problems = [problem for problem in map(check, sys.argv[1:]) if problem]
    if problems:
        sys.exit("error: " + "\n".join(problems))
    print(f"ok: {', '.join(sys.argv[1:])} need nothing but the C library")


if __name__ == "__main__":
    main()
