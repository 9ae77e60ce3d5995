"""Tests of the check of libraries: what it must not let pass."""

import shutil
import unittest

import linked

PLAIN = """\tlinux-vdso.so.1 (0x00007ffd)
\tlibgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f)
"""


class Linked(unittest.TestCase):
    def test_what_comes_with_the_c_library_passes(self):
        self.assertEqual(linked.foreign(PLAIN), [])
        self.assertEqual(linked.foreign(PLAIN.replace("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")), [])

    def test_every_other_library_is_named_whether_it_is_there_or_not(self):
        more = "\tlibssl.so.3 => /lib/x86_64-linux-gnu/libssl.so.3 (0x00007f)\n\tlibpq.so.5 => not found\n"
        self.assertEqual(linked.foreign(PLAIN + more), ["libssl.so.3", "libpq.so.5"])
        self.assertEqual(linked.foreign("\tlibcrypto.so.3 (0x1)\n\tlibmagic.so.1 (0x1)\n"), ["libcrypto.so.3", "libmagic.so.1"])

    def test_what_is_no_program_is_told(self):
        self.assertIn(__file__, linked.check(__file__))
        self.assertIsNone(linked.check(shutil.which("true")))


if __name__ == "__main__":
    unittest.main()
