#!/usr/bin/env python3
"""Builds the book with mdbook, and checks that nothing is missing: every link, picture and heading is there.

    build.py [--check]      --check builds nothing and looks at what was built before

A warning of mdbook is an error, and so is a page in docs/ that the table of contents does not name. Links to other sites
are not called.
"""

import argparse
import html.parser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pages import DOCS, ROOT, SUMMARY, BookError, shown, summary_pages

OUT = ROOT / "target/book"
# Pages that mdbook makes of all the others; their links are those of the pages.
MADE = {"print.html", "404.html", "toc.html"}
# Documents of the repository that point into it.
BESIDE = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "orb-sim/README.md", "dashboard/README.md")


class Links(html.parser.HTMLParser):
    """What a page points at, and what can be pointed at in it."""

    def __init__(self):
        super().__init__()
        self.targets, self.names = [], set()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.names.update(values[key] for key in ("id", "name") if values.get(key))
        self.targets.extend(values[key] for key in ("href", "src") if values.get(key))


def read(path):
    """Returns the links of a built page."""
    links = Links()
    links.feed(path.read_text())
    return links


def build():
    """Builds the book anew."""
    mdbook = shutil.which("mdbook")
    if mdbook is None:
        raise BookError("there is no mdbook: `cargo install --locked mdbook --no-default-features --features search`")
    shutil.rmtree(OUT, ignore_errors=True)
    done = subprocess.run([mdbook, "build", str(DOCS)], capture_output=True, text=True, check=False)
    if done.returncode != 0 or re.search(r"\b(WARN|ERROR)\b", done.stdout + done.stderr):
        raise BookError(f"mdbook complains:\n{done.stdout}{done.stderr}")


def check_contents():
    """Checks that each page of docs/ is in the table of contents."""
    known = {*summary_pages(), SUMMARY}
    forgotten = [shown(path) for path in sorted(DOCS.rglob("*.md")) if path not in known]
    if forgotten:
        raise BookError(f"docs/SUMMARY.md does not name {', '.join(forgotten)}")


def check_links():
    """Checks every link inside the built book, and returns how many there are."""
    # Also where the folder of what is built lies elsewhere.
    folder = OUT.resolve()
    files = sorted(path for path in folder.rglob("*.html") if path.relative_to(folder).as_posix() not in MADE)
    pages = {path: read(path) for path in files}
    if not pages:
        raise BookError("the book is not built: `make book` does")
    broken, count = [], 0
    for page, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            if problem := broken_link(page, parts, pages):
                broken.append(f"{page.relative_to(folder)}: {target}: {problem}")
    if broken:
        raise BookError("these links lead nowhere:\n" + "\n".join(sorted(set(broken))))
    return count, len(pages)


def broken_link(page, parts, pages):
    """Returns what is wrong with a link; `None` when it leads somewhere."""
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not path.is_relative_to(OUT.resolve()) or not path.is_file():
        return "there is no such file in the book"
    if parts.fragment and path in pages and unquote(parts.fragment) not in pages[path].names:
        return "there is no such heading"
    return None


def check_links_into():
    """Checks what other files of the repository name in docs/ or beside it, and returns how many there are."""
    named = []
    for path in [ROOT / name for name in BESIDE]:
        targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
        named += [(path, target, path.parent) for target in targets if not urlsplit(target).scheme]
    for path in sorted((ROOT / "deploy").rglob("*.yml")):
        named += [(path, target, ROOT) for target in re.findall(r"docs/[\w./-]+\.md(?:#[\w-]+)?", path.read_text())]
    broken = []
    for path, target, folder in named:
        parts = urlsplit(target)
        file = (folder / unquote(parts.path)).resolve() if parts.path else path
        if not file.exists():
            broken.append(f"{shown(path)}: {target}: there is no such file")
        elif parts.fragment and file.suffix == ".md" and parts.fragment not in headings(file):
            broken.append(f"{shown(path)}: {target}: there is no such heading")
    if broken:
        raise BookError("these links lead nowhere:\n" + "\n".join(broken))
    return len(named)


def headings(path):
    """Returns the names of a document's headings in links."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def main():
    parser = argparse.ArgumentParser(description="Builds the book and checks its links.")
    parser.add_argument("--check", action="store_true", help="build nothing")
    args = parser.parse_args()
    check_contents()
    if not args.check:
        build()
    into = check_links_into()
    links, pages = check_links()
    print(f"{OUT.relative_to(ROOT)}: {pages} pages, {links} links inside and {into} from elsewhere, all of which lead somewhere")


if __name__ == "__main__":
    try:
        main()
    except BookError as error:
        sys.exit(f"book: {error}")
