"""Tests of the book's tools: what they must not let pass."""

import tempfile
import unittest
from pathlib import Path

import generate
import mentions
import pages
import proto
import run


class Console(unittest.TestCase):
    def test_only_what_the_book_shows_matches(self):
        self.assertTrue(run.matches(["a [..] c", "...", "z"], "a b c\nanything\nmore\nz\n"))
        self.assertTrue(run.matches(["...", "z"], "z\n"))
        self.assertFalse(run.matches(["a"], "a\nb\n"))
        self.assertFalse(run.matches(["a.c"], "abc\n"))
        self.assertFalse(run.matches(["a"], ""))

    def test_a_dialogue_is_commands_with_their_output(self):
        self.assertEqual(run.dialogue("$ one \\\n  two\nout\n$ three"), [["one \\\n  two", ["out"]], ["three", []]])
        self.assertIsNone(run.dialogue("out\n$ one"))


class Blocks(unittest.TestCase):
    def blocks(self, text):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text(text)
            return run.blocks_of(page)

    def test_every_kind_of_block_is_found(self):
        text = "<!-- run\na\n-->\n```sh,background\nb\n```\n```toml,file=x.toml\nc = 1\n```\n<!-- stop -->\n```text\nd\n```\n"
        found = [(block.kind, block.line, block.text) for block in self.blocks(text)]
        self.assertEqual(found, [("run", 1, "a"), ("sh", 4, "b"), ("file", 7, "c = 1\n"), ("stop", 10, "")])

    def test_commands_that_would_not_be_run_are_refused(self):
        for block in ("```\norbctl status\n```\n", "```text\n$ orbd demo\n```\n", "```bash\nmake demo\n```\n", "```sh,neds=root\nx\n```\n", "```sh\nx\n"):
            with self.subTest(block), self.assertRaises(pages.BookError):
                self.blocks(block)


class Programs(unittest.TestCase):
    def play(self, text, **options):
        with tempfile.TemporaryDirectory() as root:
            place = run.Place(pages.DOCS / "README.md", Path(root), Path(root))
            try:
                run.play(place, run.Block(options.pop("kind", "sh"), 1, text, options))
            finally:
                place.close()

    def test_a_command_that_fails_fails_the_page(self):
        self.play("true")
        self.play("exit 3", exit="3")
        for text in ("false", "false\ntrue", "false | true", "echo $nobody_set_this"):
            with self.subTest(text), self.assertRaises(run.Failure):
                self.play(text)
        with self.assertRaises(run.Failure):
            self.play("true", exit="3")
        with self.assertRaises(run.Failure):
            self.play("$ echo one\ntwo", kind="console")

    def test_ports_and_home_are_the_books_own_again(self):
        self.play("$ echo http://127.0.0.1:7070 7070 $HOME\nhttp://127.0.0.1:7070 7070 /home/trader", kind="console")


class Contract(unittest.TestCase):
    def read(self, body):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.proto"
            path.write_text(f'// What it is.\nsyntax = "proto3";\n\n{body}')
            return proto.read_file(path)

    def test_a_message_is_read_with_its_comments(self):
        file = self.read("// A.\nmessage A {\n  // One.\n  // More.\n  optional string b = 1;\n  // Which.\n  oneof c {\n    // Two.\n    A d = 2;\n  }\n}\n")
        message = file.items[0]
        self.assertEqual([(item.kind, item.name, item.comment) for item in message.members], [("field", "b", "One.\nMore."), ("oneof", "c", "Which.")])
        self.assertEqual(message.members[1].members[0].detail, {"label": "", "type": "A", "number": "2"})

    def test_what_has_no_comment_or_is_not_understood_is_refused(self):
        for body in ("message A {}\n", "// A.\nmessage A {\n  string b = 1;\n}\n", "// A.\nmessage A {\n  // B.\n  group b = 1 {}\n}\n", "// A.\nmessage A {\n"):
            with self.subTest(body), self.assertRaises(pages.BookError):
                self.read(body)


class Mentions(unittest.TestCase):
    def test_commands_and_flags_that_do_not_exist_are_found(self):
        known = {("orbctl",): mentions.Command({"kill"}, {"--output"}), ("orbctl", "kill"): mentions.Command(set(), {"--flatten"})}
        for text, is_right in {
            "`orbctl kill --flatten`": True, "`orbctl --output json kill`": True, "`orbctl`": True,
            "`orbctl kil`": False, "`orbctl kill --flaten`": False, "`orbctl --flatten`": False,
        }.items():
            found = [mentions.problem(program, rest, known) for _, program, rest in mentions.mentions(text)]
            self.assertEqual([what is None for what in found], [is_right], text)

    def test_a_name_of_a_unit_is_no_command(self):
        self.assertEqual(list(mentions.mentions("`sudo systemctl enable --now orbd orb-guard`")), [])


class Sample(unittest.TestCase):
    def test_each_key_has_its_table_default_and_comment(self):
        text = (
            "# The file.\n\n# How long,\n# in minutes.\n#length = 5\n#width = 6\n\n# What.\nsymbols = [\"SPY\"]\n\n# [[strategy]]\n# name = \"x\"\n\n"
            "[daemon]\n# Where.\n# data_dir = \"/x\"\n\n# All of it.\n#\n# [notify.desk]\n# type = \"slack\"\n#\n# The chat.\n# chat = 1\n"
        )
        found = [(key["table"], key["name"], key["default"], key["comment"]) for key in generate.sample_keys(text)]
        self.assertEqual(found, [
            ("", "length", "5", "How long, in minutes."), ("", "width", "6", "How long, in minutes."), ("", "symbols", None, "What."),
            ("daemon", "data_dir", None, "Where."), ("notify.desk", "chat", None, "The chat."),
        ])


if __name__ == "__main__":
    unittest.main()
