"""Tests of the notes: what they are made of, and what must not be released."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import notes

CHANGELOG = """# Changes

All notable changes.

## 0.2.0 (2026-12-01)

- Two.

## 0.1.0 (2026-11-01)

- One.
"""


class Checkout(unittest.TestCase):
    """A repository of its own for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.repository = notes.Repository(self.root)
        self.git("init", "--quiet", "--initial-branch=main")
        self.clock = 1_700_000_000
        self.write("0.1.0", CHANGELOG[: CHANGELOG.index("## 0.2.0")] + CHANGELOG[CHANGELOG.index("## 0.1.0") :])
        self.commit("orbd: begins")

    def git(self, *arguments):
        names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        at = str(getattr(self, "clock", 0)) + " +0100"
        environment = {**os.environ, **names, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True, capture_output=True)

    def commit(self, subject):
        self.clock += 60
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)

    def write(self, version, changelog, locked=None):
        (self.root / "Cargo.toml").write_text(f'[workspace.package]\nversion = "{version}"\n')
        lock = f'[[package]]\nname = "orbd"\nversion = "{locked or version}"\n\n[[package]]\nname = "serde"\nversion = "1.0.0"\nsource = "x"\n'
        (self.root / "Cargo.lock").write_text(lock)
        (self.root / "CHANGELOG.md").write_text(changelog)

    def second(self):
        """Makes a second version after a tagged first one."""
        self.git("tag", "v0.1.0")
        (self.root / "migrations/sqlite/0012_more").mkdir(parents=True)
        (self.root / "migrations/sqlite/0012_more/up.sql").write_text("SELECT 1;\n")
        self.commit("store: more")
        self.commit("orbd: says more: twice")
        self.commit("without an area")
        self.write("0.2.0", CHANGELOG)
        self.commit("release: 0.2.0")

    def refused(self, words):
        with self.assertRaises(notes.ReleaseError) as raised:
            notes.check(self.repository)
        self.assertIn(words, str(raised.exception))


class Notes(Checkout):
    def test_they_are_made_of_the_changelog_and_the_commits_since_the_version_before(self):
        self.second()
        self.git("tag", "v0.2.0")
        text = notes.notes(self.repository, "0.2.0")
        commit = self.repository.commit("HEAD")
        self.assertTrue(text.startswith("# orb 0.2.0 (2026-12-01)\n\n- Two.\n\n## Upgrade from 0.1.0\n\n"), text)
        self.assertIn("- `migrations/sqlite/0012_more`\n", text)
        order = ["### orbd", "- twice (", "### other", "- without an area (", "### release", "### store", "- more ("]
        places = [text.index(part) for part in order]
        self.assertEqual(places, sorted(places), text)
        self.assertNotIn("begins", text)
        self.assertNotIn("One.", text)
        self.assertTrue(text.endswith(f"Made of 4 commits, the last one {commit}; `SOURCE_DATE_EPOCH={self.clock}`.\n"), text)

    def test_the_same_repository_gives_the_same_bytes_whatever_came_after_and_whoever_asks(self):
        self.second()
        self.git("tag", "v0.2.0")
        before = notes.notes(self.repository, "0.2.0")
        self.write("0.3.0", "# Changes\n\n## 0.3.0 (not released)\n\n- Three.\n\n" + CHANGELOG[CHANGELOG.index("## 0.2.0") :])
        self.commit("orbd: goes on")
        self.git("config", "log.date", "relative")
        self.git("config", "core.abbrev", "5")
        self.addCleanup(os.environ.__setitem__, "TZ", os.environ.get("TZ", ""))
        os.environ["TZ"] = "Asia/Tokyo"
        self.assertEqual(notes.notes(self.repository, "0.2.0"), before)

    def test_the_first_version_has_no_list_of_commits(self):
        text = notes.notes(self.repository, "0.1.0")
        self.assertTrue(text.startswith("# orb 0.1.0 (2026-11-01)\n\n- One.\n\nMade of 1 commits, "), text)

    def test_a_version_that_nobody_wrote_of_is_refused(self):
        with self.assertRaises(notes.ReleaseError) as raised:
            notes.notes(self.repository, "0.9.0")
        self.assertIn("`## 0.9.0 (...)`", str(raised.exception))


class Check(Checkout):
    def test_what_agrees_passes_before_the_tag_and_on_it(self):
        self.second()
        self.assertEqual(notes.check(self.repository), "0.2.0")
        self.git("tag", "v0.2.0")
        self.assertEqual(notes.check(self.repository), "0.2.0")

    def test_a_tag_of_another_version_is_refused(self):
        self.git("tag", "v0.3.0")
        self.refused("the tag of this commit is v0.3.0")

    def test_a_version_that_was_released_is_not_released_again(self):
        self.git("tag", "v0.1.0")
        self.commit("orbd: goes on")
        self.refused("raise the version")

    def test_a_tag_before_the_date_is_refused(self):
        self.write("0.1.0", "# Changes\n\n## 0.1.0 (not released)\n\n- One.\n")
        self.assertEqual(notes.check(self.repository), "0.1.0")
        self.commit("orbd: more")
        self.git("tag", "v0.1.0")
        self.refused("the tag comes after its date")

    def test_cargo_and_the_changelog_must_agree(self):
        self.write("0.2.0", "# Changes\n\n## 0.1.0 (2026-11-01)\n")
        self.refused("CHANGELOG.md begins with 0.1.0")
        self.write("0.2.0", CHANGELOG, locked="0.1.0")
        self.refused("run `cargo check`")

    def test_headings_that_cannot_be_read_or_are_out_of_order_are_refused(self):
        self.write("0.1.0", "# Changes\n\n## 0.1.0\n")
        self.refused("no heading like")
        self.write("0.1.0", "# Changes\n\n## 0.1.0 (2026-11-01)\n\n## 0.2.0 (2026-12-01)\n")
        self.refused("the newest first")
        self.write("0.2.0", "# Changes\n\n## 0.2.0 (2026-12-01)\n\n## 0.1.0 (not released)\n")
        self.refused("0.1.0 is older than 0.2.0 and not released")


if __name__ == "__main__":
    unittest.main()
