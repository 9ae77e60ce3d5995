"""Where the book is, and how its pages are written: shared by the book's tools."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SUMMARY = DOCS / "SUMMARY.md"
REFERENCE = DOCS / "reference"


class BookError(Exception):
    """What is wrong in the book, in a sentence that names the place and the remedy."""


def summary_pages():
    """Returns the pages in the order of the table of contents, as paths."""
    pages = []
    for name in re.findall(r"\]\(([^)#]+\.md)\)", SUMMARY.read_text()):
        page = DOCS / name
        if not page.is_file():
            raise BookError(f"docs/SUMMARY.md names {name}, which does not exist")
        if page in pages:
            raise BookError(f"docs/SUMMARY.md names {name} twice")
        pages.append(page)
    return pages


def shown(path):
    """Returns a path as messages name it: from the repository's top where it is in it."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def repository():
    """Returns the address of the repository, as Cargo.toml names it."""
    found = re.search(r'^repository = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M)
    if not found:
        raise BookError("Cargo.toml names no repository")
    return found.group(1)


def version():
    """Returns the workspace's version."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M)
    if not found:
        raise BookError("Cargo.toml names no version")
    return found.group(1)
