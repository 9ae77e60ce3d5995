#!/usr/bin/env python3
"""Checks that every command that the documents mention exists: its subcommands and its long flags.

Commands in running text, in tables and in blocks that cannot be run here are not run by run.py; here they are at least
read. What exists is what the generated pages of the command lines say, so these have to be current.
"""

import re
import sys
from dataclasses import dataclass, field

from pages import REFERENCE, ROOT, BookError, shown, summary_pages

PROGRAMS = ("orbd", "orbctl", "orb-sim")
# Documents beside the book that mention commands.
BESIDE = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "orb-sim/README.md")
WORDS = re.compile(r"(?:^|[\s/(])(orbd|orbctl|orb-sim)((?:[ \t]+[^\s`|;&<>]+|[ \t]*\\\n)*)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@dataclass
class Command:
    """A command: the names of its subcommands, and its flags."""

    subcommands: set = field(default_factory=set)
    flags: set = field(default_factory=set)


def known_commands():
    """Returns every command by its words."""
    commands = {}
    for program in PROGRAMS:
        page = REFERENCE / f"{program}.md"
        for title, text in re.findall(r"^#+ ([a-z- ]+)\n\n(?:What [^\n]*\n\n)?```text\n(.*?)\n```", page.read_text(), re.M | re.S):
            words = tuple(title.split())
            commands[words] = Command(flags=set(FLAG.findall(text)) | {"--help", "--version"})
            if len(words) > 1:
                commands[words[:-1]].subcommands.add(words[-1])
    if not all((program,) in commands for program in PROGRAMS):
        raise BookError("the pages of the command lines cannot be read: `make book-pages` writes them anew")
    return commands


def problem(program, rest, commands):
    """Returns what is wrong with a mention of a command; `None` when it may be as it is."""
    words, rest = (program,), rest.replace("\\\n", " ").split()
    # Flags of the program itself may stand before the subcommand, each with a value.
    named = [word for word in rest if re.fullmatch(r"[a-z][a-z-]*", word)]
    for word in named:
        if word in commands[words].subcommands:
            words += (word,)
    if commands[words].subcommands and rest and words == (program,) and re.fullmatch(r"[a-z][a-z-]+", rest[0]):
        return f"there is no `{program} {rest[0]}`"
    allowed = set().union(*(commands[words[:count]].flags for count in range(1, len(words) + 1)))
    for flag in FLAG.findall(" ".join(rest)):
        if flag not in allowed:
            return f"`{' '.join(words)}` has no flag `{flag}`"
    return None


def mentions(text):
    """Yields the commands in a document's code, with their lines."""
    for code in CODE.finditer(text):
        for found in WORDS.finditer(code[0].strip("`")):
            before = found.string[: found.start()].rpartition("\n")[2]
            # There the name is that of a unit or a container.
            if re.search("systemctl|journalctl|docker", before):
                continue
            yield text.count("\n", 0, code.start() + found.start()) + 1, found[1], found[2]


def main():
    commands, count, wrong = known_commands(), 0, []
    pages = [page for page in summary_pages() if page.parent != REFERENCE]
    for page in pages + [ROOT / name for name in BESIDE]:
        for line, program, rest in mentions(page.read_text()):
            count += 1
            if what := problem(program, rest, commands):
                wrong.append(f"{shown(page)}:{line}: {what}")
    if wrong:
        raise BookError("these commands do not exist:\n" + "\n".join(wrong))
    print(f"{count} commands are mentioned, and all of them exist")


if __name__ == "__main__":
    try:
        main()
    except BookError as error:
        sys.exit(f"book: {error}")
