#!/usr/bin/env python3
"""Writes the notes of a version from CHANGELOG.md and git, and checks that everything names the same version.

    notes.py VERSION        notes of a version, at its tag; of one that has none yet, at HEAD
    notes.py --check        Cargo.toml, Cargo.lock, CHANGELOG.md and the tags agree
    notes.py --epoch        when the last commit was made, in seconds since 1970: SOURCE_DATE_EPOCH of archives

The same repository gives the same bytes: nothing of the clock, the machine, its settings or its user enters the notes.
A tag is `vVERSION`; a heading of CHANGELOG.md is `## VERSION (YYYY-MM-DD)`, or `## VERSION (not released)`.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2}|not released)\)$", re.M)
NOT_RELEASED = "not released"


class ReleaseError(Exception):
    """Says what does not agree, and what to do."""


class Repository:
    """A checkout with its history."""

    def __init__(self, root=ROOT):
        self.root = Path(root)

    def git(self, *arguments):
        """Returns what git says, whatever the settings of its user."""
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env={**os.environ, **quiet}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ReleaseError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def text(self, name, commit=None):
        """Returns a file as it is, or as it was at a commit."""
        return self.git("show", f"{commit}:{name}") if commit else (self.root / name).read_text()

    def tags(self, commit="HEAD"):
        """Lists the versions with a tag that a commit contains, the highest first."""
        names = self.git("tag", "--merged", commit, "--list", "v*").split()
        return sorted((name[1:] for name in names if re.fullmatch(r"v\d+\.\d+\.\d+", name)), key=number, reverse=True)

    def tags_here(self):
        """Lists the versions whose tag is on the commit that is checked out."""
        return [version for version in self.tags() if self.commit(f"v{version}") == self.commit("HEAD")]

    def commit(self, name):
        return self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()


def number(version):
    """Returns a version as numbers, by which versions are ordered."""
    return tuple(int(part) for part in version.split("."))


def headings(changelog):
    """Lists the versions of CHANGELOG.md with their dates, in its order."""
    return HEADING.findall(changelog)


def section(changelog, version):
    """Returns what CHANGELOG.md says of a version."""
    for heading in HEADING.finditer(changelog):
        if heading[1] == version:
            following = re.compile(r"^## ", re.M).search(changelog, heading.end())
            return changelog[heading.end() : following.start() if following else len(changelog)].strip()
    raise ReleaseError(f"CHANGELOG.md has no heading `## {version} (...)`: write what the version changes")


def cargo_versions(repository):
    """Returns the workspace's version, and those of its crates in Cargo.lock that have another one."""
    version = tomllib.loads(repository.text("Cargo.toml"))["workspace"]["package"]["version"]
    packages = tomllib.loads(repository.text("Cargo.lock"))["package"]
    # Those of the repository are those without a source.
    own = {package["name"]: package["version"] for package in packages if "source" not in package}
    return version, {name: found for name, found in own.items() if found != version}


def check(repository):
    """Checks that everything names the same version, and returns it."""
    version, others = cargo_versions(repository)
    if others:
        raise ReleaseError(f"Cargo.lock has other versions than {version}: {others}; run `cargo check`")
    listed = headings(repository.text("CHANGELOG.md"))
    if not listed:
        raise ReleaseError("CHANGELOG.md has no heading like `## 1.2.3 (2026-01-31)`")
    order = [number(name) for name, _ in listed]
    if order != sorted(set(order), reverse=True):
        raise ReleaseError("CHANGELOG.md: each version once, the newest first")
    (newest, date), *released = listed
    if newest != version:
        raise ReleaseError(f"Cargo.toml has version {version}, and CHANGELOG.md begins with {newest}: make them equal")
    open_ones = [name for name, date in released if date == NOT_RELEASED]
    if open_ones:
        raise ReleaseError(f"CHANGELOG.md: {open_ones[0]} is older than {newest} and not released: give it its date")
    here = repository.tags_here()
    if here and version not in here:
        raise ReleaseError(f"the tag of this commit is v{here[0]}, and Cargo.toml has version {version}")
    if version in here and date == NOT_RELEASED:
        raise ReleaseError(f"v{version} is tagged, and CHANGELOG.md calls it not released: the tag comes after its date")
    if version in repository.tags() and not here:
        raise ReleaseError(f"v{version} is tagged on an older commit: raise the version in Cargo.toml and CHANGELOG.md")
    return version


def changes(repository, since, until):
    """Lists the commits between two versions by area, in the order of their making."""
    areas = {}
    for line in repository.git("log", "--no-merges", "--reverse", "--topo-order", "--format=%h %s", "--abbrev=12", f"{since}..{until}").splitlines():
        commit, subject = line.split(" ", 1)
        area, _, what = subject.rpartition(": ") if re.match(r"[\w .,/-]+: ", subject) else ("other", "", subject)
        areas.setdefault(area, []).append(f"- {what} ({commit})")
    return areas


def added(repository, folder, since, until):
    """Lists the folders or files that were added below a folder."""
    names = repository.git("diff", "--name-only", "--no-renames", "--diff-filter=A", since, until, "--", folder)
    return sorted(names.split())


def notes(repository, version):
    """Returns the notes of a version."""
    tagged = version in repository.tags("HEAD")
    until = f"v{version}" if tagged else "HEAD"
    changelog = repository.text("CHANGELOG.md", until)
    dates = dict(headings(changelog))
    body = section(changelog, version)
    before = [name for name in repository.tags(until) if number(name) < number(version)]
    parts = [f"# orb {version} ({dates[version]})", body]
    if before:
        since = f"v{before[0]}"
        parts += upgrade(repository, before[0], since, until)
        for area, lines in sorted(changes(repository, since, until).items()):
            parts += [f"### {area}", "\n".join(lines)]
    commit = repository.commit(until)
    count = len(repository.git("rev-list", "--no-merges", f"{f'v{before[0]}..' if before else ''}{until}").split())
    epoch = repository.git("log", "-1", "--format=%ct", until).strip()
    parts.append(f"Made of {count} commits, the last one {commit}; `SOURCE_DATE_EPOCH={epoch}`.")
    return "\n\n".join(parts) + "\n"


def upgrade(repository, before, since, until):
    """Says what an upgrade from the version before meets."""
    migrations = sorted({Path(name).parent.as_posix() for name in added(repository, "migrations", since, until)})
    contract = added(repository, "proto/orb/v1", since, until)
    parts = [f"## Upgrade from {before}"]
    if migrations:
        listed = "\n".join(f"- `{name}`" for name in migrations)
        parts.append(f"The records are migrated at the first start, and the version before refuses them then:\n\n{listed}")
    else:
        parts.append("The records stay as they are.")
    if contract:
        parts.append("New in the contract:\n\n" + "\n".join(f"- `{name}`" for name in contract))
    return parts + [f"## Commits since {before}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("version", nargs="?", metavar="VERSION")
    what.add_argument("--check", action="store_true")
    what.add_argument("--epoch", action="store_true")
    arguments = parser.parse_args()
    repository = Repository()
    try:
        if arguments.check:
            print(f"ok: version {check(repository)}")
        elif arguments.epoch:
            print(repository.git("log", "-1", "--format=%ct").strip())
        else:
            sys.stdout.write(notes(repository, arguments.version))
    except ReleaseError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
