#!/usr/bin/env python3
"""Writes the generated pages of the book, or with --check tells which are not current.

    generate.py [--check] FOLDER      FOLDER has the built orbd, orbctl and orb-sim

The configuration comes from docs/orb.sample.toml, which a test keeps equal to the code, and from the keys that
`orbd backtest --help` lists; the API from proto/orb/v1 and the daemon's table of permissions; the command lines from
their own --help; the safety case from the table at the end of ARCHITECTURE.md.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pages import DOCS, REFERENCE, ROOT, BookError, repository, shown
from proto import Reference, cell

PROGRAMS = ("orbd", "orbctl", "orb-sim")
TEST = re.compile(r"#\[(?:tokio::)?test[^\]]*\]\s*(?:#\[[^\n]*\]\s*)*(?:async )?fn (\w+)")
FUNCTION = re.compile(r"\bfn (\w+)")
HEADING = ["| key | default | counts from | meaning |", "|---|---|---|---|"]
NOTE = "<!-- Generated: `make book-pages` writes this page anew. -->\n\n"


def help_of(program, *words):
    """Returns what a command says of itself, the same on every machine."""
    env = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    command = [str(program), *words, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL, timeout=60, check=False)
    if done.returncode != 0:
        raise BookError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def subcommands(text):
    """Returns the names of the subcommands that a help text lists."""
    part = re.search(r"^Commands:\n((?:  .*\n?|\n)+)", text, re.M)
    names = re.findall(r"^  (\S+)  ", part[1], re.M) if part else []
    return [name for name in names if name != "help"]


def commands_page(program):
    """Returns the reference of a program: its help and that of every subcommand."""
    out = [f"# {program.name}", "", f"What `{program.name} --help` and the help of each of its commands say."]

    def visit(words):
        text = help_of(program, *words)
        title = " ".join([program.name, *words])
        level = min(1 + len(words), 4)
        if words:
            out.extend(["", f"{'#' * level} {title}"])
        out.extend(["", "```text", text, "```"])
        for name in subcommands(text):
            visit([*words, name])

    visit([])
    return "\n".join(out) + "\n"


def listed_keys(program):
    """Returns the keys of `--set` with their meaning, from the code's own list."""
    text = help_of(program, "backtest")
    part = text.split("Keys for --set and the configuration file:\n", 1)
    if len(part) != 2:
        raise BookError("`orbd backtest --help` lists no keys")
    lines = part[1].splitlines()
    # Names stand in a column of their own; what is wrapped begins at the margin and has no such gap.
    column = re.match(r"  \w+ +", lines[0]).end()
    keys, name = {}, None
    for line in lines:
        if re.fullmatch(r"  \w+ *", line[:column]) and len(line) > column:
            name = line[:column].strip()
            keys[name] = line[column:]
        elif name and line.strip():
            keys[name] += " " + line.strip()
    return keys


def sample_keys(text):
    """Returns the keys of the sample: table, name, default (`None` where there is none) and comment.

    A line `#key = value` shows a default. A table that is commented out as a whole is an example; of its keys those are
    taken that a comment explains, because the others are explained elsewhere.
    """
    table, example, comment, ended, keys = "", None, [], True, []
    for line in text.splitlines():
        if found := re.match(r"\[([\w.]+)\]", line):
            table, example, ended = found[1], None, True
        elif line.startswith("# ----") or not line.strip("# ") and not (example and line == "#"):
            ended, example = True, None
        elif line == "#":
            ended = True
        elif found := re.match(r"# \[+([\w.-]+)\]+$", line):
            example, comment, ended = found[1], [], False
        elif found := re.match(r"(#?)( ?)([a-z_0-9]+) = (.+)", line):
            is_default = found[1] == "#" and not found[2]
            if not example or comment:
                keys.append({
                    "table": example or table, "name": found[3], "value": found[4],
                    "default": found[4] if is_default else None, "comment": " ".join(comment),
                })
            ended = True
        elif line.startswith("#"):
            # A comment is about all the keys that follow it, up to the next comment.
            comment = [*([] if ended else comment), line.lstrip("# ")]
            ended = False
    return keys


def counting_keys(program):
    """Returns the keys that a reload takes up, and those that a command stands for with it; from the code's own list."""
    text = help_of(program, "run")
    part = re.search(r"^Taken up by a reload .*:\n((?:  .+\n)+)Changed while orbd runs by a command:\n((?:  .+\n)+)", text, re.M)
    if not part:
        raise BookError("`orbd run --help` does not list what a reload takes up")
    commands = dict(re.findall(r"^  (\S+) +(.+)$", part[2], re.M))
    return part[1].split(), commands


def configuration_page(program):
    """Returns the reference of the configuration file."""
    listed, sample = listed_keys(program), sample_keys((DOCS / "orb.sample.toml").read_text())
    top = [key for key in sample if not key["table"]]
    missing = sorted(set(listed) - {key["name"] for key in top})
    beyond = sorted({key["name"] for key in top} - set(listed) - {"environment", "preset"})
    if missing or beyond:
        raise BookError(f"docs/orb.sample.toml and `orbd backtest --help` differ: {', '.join(missing + beyond)}")
    out = ["# Configuration", ""]
    out += ["One TOML file holds everything but secrets. Each key below may be left out; then its default holds. "
            "`orbd check --config FILE` tells whether a file is fit to trade with, and names the line of what is not. "
            "The same keys go to `--set KEY=VALUE` of `orbd run`, `demo` and `backtest`, where they stand in no table.", ""]
    out += ["A change counts from the next start on, or from a *reload*: `systemctl reload orbd`, `orbctl config reload` or SIGHUP. "
            "Where a command stands beside `start`, it changes the same while orbd runs.", ""]
    counting = counting_keys(program)
    out += ["## Strategy and account", "", "The defaults are those of `orb-classic`; another `preset` brings its own.", ""]
    out += HEADING
    out += [row(key, listed.get(key["name"], key["comment"]), counting) for key in top]
    for table in dict.fromkeys(key["table"] for key in sample if key["table"]):
        out += ["", f"## [{table}]", "", *HEADING]
        out += [row(key, key["comment"], counting) for key in sample if key["table"] == table]
    out += ["", "## The whole sample", "", "```toml", "{{#include ../orb.sample.toml}}", "```", ""]
    return "\n".join(out)


def row(key, meaning, counting):
    """Returns the row of a key, with when a change of it counts; where it has no default, what it looks like."""
    reloaded, commands = counting
    name = f"{key['table']}.{key['name']}" if key["table"] else key["name"]
    is_of_channel = key["table"].startswith("notify.")
    counts = "reload" if name in reloaded or is_of_channel else f"start; `{commands[name]}`" if name in commands else "start"
    default = f"`{key['default']}`" if key["default"] else f"none; as `{key['value']}`"
    return f"| `{key['name']}` | {default} | {counts} | {cell(meaning)} |"


def promises_page():
    """Returns the safety case: each promise with the tests that prove it, and where those are."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (`.+`) \|$", text.split("## Promises and their tests", 1)[1], re.M)
    if not rows:
        raise BookError("ARCHITECTURE.md: there are no promises under `## Promises and their tests`")
    places = test_places()
    base = f"{repository()}/blob/main"
    lines, tests = [], set()
    for promise, cell_text in rows:
        names = re.findall(r"`([a-z0-9_]+)`", cell_text)
        if unknown := [name for name in names if name not in places]:
            raise BookError(f"ARCHITECTURE.md names tests that do not exist: {', '.join(unknown)}")
        files = Counter(file for name in names for file in places[name])
        # A name that several files have belongs to the one in which the promise's other tests are.
        homes = {name: max(places[name], key=lambda file: files[file]) for name in names}
        lines += [f"- **{promise}**", *(f"  - [`{name}`]({base}/{homes[name]})" for name in names)]
        tests.update(names)
    out = ["# The promises and their tests", ""]
    out += [f"{len(rows)} promises, each with the tests that prove it: {len(tests)} of them. The list is that of ARCHITECTURE.md. `make promises` "
            "checks that every test exists, and `make test` runs them; a test of a guard is taken only when it was seen to fail without "
            "that guard.", ""]
    return "\n".join(out + lines)


def test_places():
    """Returns the files that have a test of each name; of a name without `#[test]`, as a macro's, those that have the function."""
    tests, functions = {}, {}
    for path in sorted(ROOT.glob("*/**/*.rs")):
        relative = path.relative_to(ROOT)
        if {"target", "node_modules"} & set(relative.parts):
            continue
        text = path.read_text()
        for places, pattern in ((tests, TEST), (functions, FUNCTION)):
            for name in pattern.findall(text):
                places.setdefault(name, []).append(relative.as_posix())
    return functions | tests


def all_pages(folder):
    """Returns the text of every generated page by its path."""
    programs = {name: (folder / name).resolve() for name in PROGRAMS}
    for program in programs.values():
        if not program.is_file():
            raise BookError(f"{program} is not built: `make build` does")
    texts = {f"{name}.md": commands_page(program) for name, program in programs.items()}
    texts |= {"configuration.md": configuration_page(programs["orbd"]), "promises.md": promises_page()}
    texts |= Reference().pages()
    return {REFERENCE / name: NOTE + text.rstrip("\n") + "\n" for name, text in texts.items()}


def main():
    parser = argparse.ArgumentParser(description="Writes the generated pages of the book.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not current")
    parser.add_argument("folder", type=Path, help="where the built programs are")
    args = parser.parse_args()
    pages = all_pages(args.folder)
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text() != text]
    gone = [path for path in sorted(REFERENCE.glob("*.md")) if path not in pages]
    if args.check:
        if stale or gone:
            raise BookError(f"not current: {', '.join(shown(path) for path in stale + gone)}; `make book-pages` writes them anew")
        print(f"{len(pages)} generated pages are current")
        return
    REFERENCE.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(pages[path])
    for path in gone:
        path.unlink()
    print(f"{len(pages)} pages, {len(stale)} written, {len(gone)} removed")


if __name__ == "__main__":
    try:
        main()
    except BookError as error:
        sys.exit(f"book: {error}")
