#!/usr/bin/env python3
"""Runs every command of the book, page by page in the order of its contents, against the real programs.

    run.py FOLDER [PAGE...]      FOLDER has the built orbd, orbctl and orb-sim; PAGE is a name as docs/SUMMARY.md has it

Each page has a folder and a home of its own. What a block of a page means:

    ```sh                     commands; each must succeed, or the block end with the code of `exit=N`
    ```console                commands after `$ `, each followed by what it prints: a line `...` stands for any lines,
                              and `[..]` within a line for anything
    ```toml,file=orb.toml     a file, written into the page's folder (any language)
    <!-- run                  commands that the reader does not see, up to a line `-->`
    <!-- wait                 the same, tried until they succeed
    <!-- start                the same, going on until the page ends
    <!-- stop -->             ends the program that was started last, as Ctrl-C does

`background` after a comma starts commands that go on; they end with the page. `needs=WORD` marks what cannot run
everywhere: WORD is a reason of NEVER, or a program without which the block is left out. All that was left out is told.

Programs listen at ports that are free, and the book's own ports (7070, 7080) stand for them in commands, files and output.
What a page keeps for its later commands it writes as assignments into the file $BOOK_ENV; $BOOK_TOOLS is the folder of
these tools.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pages import DOCS, BookError, shown, summary_pages

PROGRAMS = ("orbd", "orbctl", "orb-sim")
# The ports that the book writes.
PORTS = (7070, 7080)
# What no machine of a test has, and why.
NEVER = {
    "account": "a broker's account",
    "root": "the rights of root, and systemd",
    "docker": "containers",
    "build": "compiling orb",
    "screen": "a terminal",
}
SECONDS_MOST = 180
WAIT_SECONDS_MOST = 90
END_SECONDS_MOST = 30
# Commands without a program of their own are run by this.
SHELL = ("bash", "-euo", "pipefail", "-c")
# What an unmarked block must not begin with: its commands would not be run.
COMMAND = re.compile(r"^\$? ?(?:sudo )?(?:orbd|orbctl|orb-sim|make|curl|grpcurl|docker|systemctl|journalctl|target/)\b", re.M)


@dataclass
class Block:
    """A block of a page that the test knows."""

    kind: str
    line: int
    text: str
    options: dict


def blocks_of(page):
    """Returns the blocks of a page that mean something to the test, in their order."""
    lines, blocks, at = page.read_text().splitlines(), [], 0
    while at < len(lines):
        line, start = lines[at].strip(), at + 1
        at += 1
        if line == "<!-- stop -->":
            blocks.append(Block("stop", start, "", {}))
        elif found := re.fullmatch(r"<!-- (run|start|wait)", line):
            body, at = body_until(page, lines, at, "-->")
            blocks.append(Block(found[1], start, body, {}))
        elif found := re.match(r"(`{3,})(.*)", line):
            body, at = body_until(page, lines, at, found[1])
            if block := fence(page, start, found[2], body):
                blocks.append(block)
    return blocks


def body_until(page, lines, at, end):
    """Returns the lines up to one that ends a block, and where the rest of the page begins."""
    first = at
    while at < len(lines) and lines[at].strip() != end:
        at += 1
    if at == len(lines):
        raise BookError(f"{shown(page)}:{first}: this block has no end")
    return "\n".join(lines[first:at]), at + 1


def fence(page, line, info, body):
    """Returns a fenced block if it is for the test."""
    language, *words = [word.strip() for word in info.split(",")]
    options = dict(word.partition("=")[::2] for word in words)
    if unknown := set(options) - {"background", "exit", "file", "needs"} - {"ignore", "no_run"}:
        raise BookError(f"{shown(page)}:{line}: a block has no option `{sorted(unknown)[0]}`")
    if "file" in options:
        return Block("file", line, body + "\n", options)
    if language in ("sh", "console"):
        return Block(language, line, body, options)
    is_hidden_command = language in ("bash", "shell", "text") and COMMAND.search(body) and "Usage: " not in body
    if not language or is_hidden_command:
        raise BookError(f"{shown(page)}:{line}: write `sh` or `console` beside commands, and a language beside anything else")
    return None


class Place:
    """The folder, home, ports and programs of one page."""

    def __init__(self, page, root, programs):
        self.page = page
        self.home = root / "home"
        self.work = self.home / "work"
        self.env_file = root / "env"
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.running = []
        path = root / "bin"
        for folder in (self.work, path):
            folder.mkdir(parents=True)
        self.env_file.touch()
        for name in PROGRAMS:
            self.wrap(path / name, programs / name)
        self.env = {
            "PATH": f"{path}:{os.environ['PATH']}", "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "dumb",
            "COLUMNS": "100", "BOOK_ENV": str(self.env_file), "TMPDIR": str(root),
            "BOOK_TOOLS": str(Path(__file__).resolve().parent),
        }

    def wrap(self, path, program):
        """Writes a program that listens where it may, if nothing else is said."""
        kinds, port = {"orbd": ("demo|run|check", 7070), "orb-sim": ("serve", 7080)}.get(path.name, ("-", 7070))
        path.write_text(
            "#!/bin/sh\n"
            f'case "${{1:-}}" in {kinds}) case " $* " in *" --listen "*|*" --help "*) ;; '
            f'*) set -- "$@" --listen 127.0.0.1:{self.ports[port]} ;; esac ;; esac\n'
            f'exec "{program.resolve()}" "$@"\n'
        )
        path.chmod(0o755)

    def here(self, text):
        """Returns the book's text with the ports of this machine."""
        for port, real in self.ports.items():
            text = re.sub(rf"(?<=[.:\w]:){port}\b", str(real), text)
        return text

    def told(self, text):
        """Returns what was printed with the book's ports and home."""
        for port, real in self.ports.items():
            text = re.sub(rf"(?<=[.:\w]:){real}\b", str(port), text)
        return text.replace(str(self.home), "/home/trader")

    def start(self, commands, output):
        """Starts commands in a group of their own."""
        for process, _ in self.running:
            # One that has ended is gone only when it was asked for.
            process.poll()
        script = f'. "$BOOK_ENV"\n{self.here(commands)}'
        return subprocess.Popen(
            [*SHELL, script], cwd=self.work, env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )

    def call(self, commands, seconds=SECONDS_MOST):
        """Runs commands and returns their code and what they printed."""
        with tempfile.TemporaryFile() as output:
            process = self.start(commands, output)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end(process)
            output.seek(0)
            printed = self.told(output.read().decode(errors="replace"))
        return ("no end" if code is None else code), printed

    def background(self, commands):
        """Starts commands that go on."""
        output = open(self.env_file.with_name(f"background-{len(self.running)}"), "w+b")  # noqa: SIM115
        self.running.append((self.start(commands, output), output))

    def stop(self):
        """Ends what was started last, in good order."""
        process, output = self.running.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(END_SECONDS_MOST)
            except subprocess.TimeoutExpired:
                end(process)
                output.close()
                return "no end"
        code = process.returncode
        output.close()
        return code

    def last_words(self):
        """Returns the end of what each background program has printed."""
        words = []
        for process, output in self.running:
            output.flush()
            output.seek(0)
            state = "runs" if process.poll() is None else f"ended with {process.returncode}"
            words.append(f"a background program {state} and said:\n" + "\n".join(self.told(output.read().decode(errors="replace")).splitlines()[-15:]))
        return "\n".join(words)

    def close(self):
        """Ends everything that the page has started."""
        for process, output in self.running:
            end(process)
            output.close()


def end(process):
    """Ends a process that this program started, with all that it started, in whatever state."""
    for kind, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, kind)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def free_ports(count):
    """Returns ports at which nobody listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def matches(expected, printed):
    """Tells whether what was printed is what the book shows."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("[..]")) + r" *\n"
    text = "".join(line.rstrip() + "\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


def dialogue(text):
    """Returns the commands of a console block, each with the lines that it prints."""
    turns = []
    for line in text.splitlines():
        if line.startswith("$ "):
            turns.append([line[2:], []])
        elif turns and turns[-1][0].endswith("\\") and not turns[-1][1]:
            turns[-1][0] += "\n" + line
        elif turns:
            turns[-1][1].append(line)
        else:
            return None
    return turns


def left_out(block):
    """Returns why a block cannot run here; `None` when it can."""
    need = block.options.get("needs")
    if need is None:
        return None
    if need in NEVER:
        return NEVER[need]
    return None if shutil.which(need) else f"the program {need}"


class Failure(BookError):
    """A block that did not do what the book says."""


def play(place, block):
    """Runs one block."""
    where = f"{shown(place.page)}:{block.line}"
    wanted = int(block.options.get("exit", 0))

    def check(code, printed, commands):
        if code != wanted:
            raise Failure(f"{where}: ended with {code} instead of {wanted}\n$ {commands}\n{printed}{place.last_words()}")

    if block.kind == "file":
        path = place.work / block.options["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place.here(block.text))
    elif block.kind == "stop":
        if not place.running:
            raise BookError(f"{where}: there is nothing to stop")
        code = place.stop()
        if code not in (0, -signal.SIGINT):
            raise Failure(f"{where}: ended with {code}\n{place.last_words()}")
    elif block.kind == "wait":
        until = time.monotonic() + WAIT_SECONDS_MOST
        code, printed = place.call(block.text, 20)
        while code != 0 and time.monotonic() < until:
            time.sleep(0.2)
            code, printed = place.call(block.text, 20)
        check(code, printed, block.text)
    elif block.kind == "start" or "background" in block.options:
        place.background(block.text)
    elif block.kind == "console":
        turns = dialogue(block.text)
        if not turns:
            raise BookError(f"{where}: a console begins with `$ ` and a command")
        for number, (command, expected) in enumerate(turns):
            code, printed = place.call(command)
            if number == len(turns) - 1 or code != 0:
                check(code, printed, command)
            if not matches(expected, printed):
                raise Failure(f"{where}: `{command}` printed\n{printed}instead of\n" + "\n".join(expected) + "\n" + place.last_words())
    else:
        check(*place.call(block.text), block.text)


def run_page(page, programs):
    """Runs a page and returns how many blocks were run, and which were not."""
    blocks = blocks_of(page)
    done, skipped = 0, []
    if not blocks:
        return 0, []
    with tempfile.TemporaryDirectory(prefix="orb-book-") as root:
        place = Place(page, Path(root), programs)
        try:
            for block in blocks:
                if reason := left_out(block):
                    skipped.append((reason, f"{shown(page)}:{block.line}"))
                    continue
                play(place, block)
                done += block.kind in ("sh", "console")
        finally:
            place.close()
    return done, skipped


def run_twice_at_most(page, programs):
    """Runs a page, and once more where it fails: daemons trade in it in real time, and a machine may stall."""
    try:
        return run_page(page, programs)
    except Failure as failure:
        print(f"once more: {failure}", flush=True)
        return run_page(page, programs)


def main():
    parser = argparse.ArgumentParser(description="Runs every command of the book.")
    parser.add_argument("folder", type=Path, help="where the built programs are")
    parser.add_argument("pages", nargs="*", help="names of pages; all of them when none is given")
    args = parser.parse_args()
    pages = [DOCS / name for name in args.pages] or summary_pages()
    total, skipped, failures = 0, [], []
    for page in pages:
        start = time.monotonic()
        try:
            done, missing = run_twice_at_most(page, args.folder)
        except Failure as failure:
            failures.append(str(failure))
            # At once, and once more at the end: an error in a later page must not hide it.
            print(f"FAILED {failure}", flush=True)
            continue
        if done:
            print(f"{shown(page)}: {done} blocks in {time.monotonic() - start:.1f} s", flush=True)
        total += done
        skipped += missing
    reasons = dict.fromkeys(reason for reason, _ in skipped)
    for reason in reasons:
        places = [place for why, place in skipped if why == reason]
        print(f"not run, {len(places)} that need {reason}: {', '.join(places)}")
    if failures:
        raise BookError("\n\n".join(failures))
    print(f"{total} blocks of commands were run, {len(skipped)} were not")


if __name__ == "__main__":
    try:
        main()
    except BookError as error:
        sys.exit(f"book: {error}")
