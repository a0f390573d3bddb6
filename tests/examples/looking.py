# looking.py - runs one example program as a user does who wants a picture of the training.
# SPDX-License-Identifier: MIT
#
# usage: looking.py PROGRAM
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
COMPARES = PROGRAM.name == 'echo_compare'
NAMES = {'echo_compare': ['masked', 'unmasked'],
         'echo_longer': ['1 of 5', '2 of 5'],
         'echo_stateless': ['stateless', 'stateful'],
         'echo_topologies': ['one-to-one', 'many-to-one', 'many-to-many']}
BRIEF = ['--seeds', '2', 'masked'] if COMPARES else \
    ['--epochs', '7', '--eval', '1', '--units', '4', '--quiet']
if PROGRAM.name == 'echo_longer':
    BRIEF += ['--n-out', '2']
FIRST = PROGRAM.name in ('echo_seq2seq', 'echo_compare')
NO_GNUPLOT = shutil.which('gnuplot') is None


def run(*options, **more):
    return subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)


def catches(child, number):
    """Does the child have a handler for that signal?"""
    status = Path(f'/proc/{child.pid}/status').read_text(encoding='ascii')
    caught = re.search(r'^SigCgt:\s*(\w+)', status, re.M)
    return int(caught.group(1), 16) >> (number - 1) & 1 == 1


class Plot(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="seqecho it's "))
        self.addCleanup(shutil.rmtree, self.place)
        self.elsewhere = {'cwd': self.place}

    def refused(self, status, mention, *options, **more):
        """Before the training, and nothing is left behind."""
        before = sorted(self.place.rglob('*'))
        result = run(*BRIEF, *options, **{**self.elsewhere, **more})
        self.assertEqual((result.returncode, result.stdout), (status, ''), result.stderr)
        self.assertRegex(result.stderr, rf'^{PROGRAM.name}: --plot: {mention}.*\n$')
        self.assertEqual(sorted(self.place.rglob('*')), before)

    def test_other_endings(self):
        for name in 'x', 'x.pdf', 'svg', '.svg', 'x.svg.', 'x.svg/', 'x/.png', '-':
            self.refused(2, r'expected a file name that ends in \.svg or \.png, got '
                         + re.escape(f"'{name}'"), f'--plot={name}')

    def test_nowhere(self):
        self.refused(1, "cannot write to the directory 'none/': No such file",
                     '--plot', 'none/x.svg')

    def test_no_gnuplot(self):
        empty = self.place / 'bin'
        empty.mkdir()
        self.refused(1, 'gnuplot is not installed; .*gnuplot-nox', '--plot', 'x.svg',
                     env={**os.environ, 'PATH': str(empty)})

    def fake(self, script):
        """A gnuplot that does that, and where it is."""
        folder = self.place / 'bin'
        folder.mkdir(exist_ok=True)
        program = folder / 'gnuplot'
        program.write_text('#!/bin/sh\n' + script, encoding='ascii')
        program.chmod(0o755)
        return {'env': {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}'}}

    def test_gnuplot_without_terminal(self):
        self.refused(1, 'gnuplot is there, but cannot draw PNG files here', '--plot',
                     'x.png', **self.fake('exit 1\n'))

    def test_gnuplot_fails(self):
        """The results come all the same, and the picture of before is there."""
        picture = self.place / 'x.svg'
        picture.write_text('before', encoding='ascii')
        for end in 'exit 1', 'kill -9 $$', 'echo half; exit 1':
            fake = self.fake(f'if grep -q plot; then {end}; fi\n')
            result = run('--plot', 'x.svg', *BRIEF, **self.elsewhere, **fake)
            self.assertEqual(result.returncode, 1)
            self.assertNotEqual(result.stdout, '')
            self.assertIn("--plot: gnuplot could not draw 'x.svg'", result.stderr)
            self.assertEqual(picture.read_text(encoding='ascii'), 'before')

    def test_started_for_the_option_only(self):
        fake = self.fake(f'touch "{self.place}/started"\nexit 1\n')
        self.assertEqual(run(*BRIEF, **self.elsewhere, **fake).returncode, 0)
        self.assertFalse((self.place / 'started').exists())

    def good(self, name, *options):
        """Draw a picture of that name; what the run printed."""
        result = run(f'--plot={name}', *BRIEF, *options, **self.elsewhere)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertTrue((self.place / name).is_file())
        return result.stdout

    def texts(self, name):
        tree = ElementTree.parse(self.place / name)
        return [''.join(node.itertext()).strip() for node in tree.iter()
                if node.tag.endswith('}text')]

    @unittest.skipIf(NO_GNUPLOT, 'no gnuplot')
    def test_svg(self):
        self.good('curves.svg')
        texts = self.texts('curves.svg')
        metric = 'mean absolute error' if PROGRAM.name == 'echo_linear' else 'accuracy'
        for text in PROGRAM.name, 'loss', metric, 'epoch', *NAMES.get(PROGRAM.name, []):
            self.assertEqual(texts.count(text), 1, (text, texts))
        self.assertEqual(os.listdir(self.place), ['curves.svg'])

    @unittest.skipIf(NO_GNUPLOT or not FIRST, 'no gnuplot, or two programs will do')
    def test_same_bytes(self):
        self.good('one.svg')
        self.good('two.svg')
        self.assertEqual((self.place / 'one.svg').read_bytes(),
                         (self.place / 'two.svg').read_bytes())

    @unittest.skipIf(NO_GNUPLOT, 'no gnuplot')
    def test_png(self):
        self.good('curves.PNG')
        data = (self.place / 'curves.PNG').read_bytes()
        self.assertEqual(data[:8], b'\x89PNG\r\n\x1a\n')
        width, height = struct.unpack('>II', data[16:24])
        self.assertEqual(height, 1240)
        self.assertTrue(width == 1800 or NAMES.get(PROGRAM.name) and 1600 < width < 2100)

    @unittest.skipIf(NO_GNUPLOT or not FIRST, 'no gnuplot, or two programs will do')
    def test_names(self):
        """Whatever a file is called, gnuplot does not hear of it."""
        for name in "it's.svg", '"a" b.svg', '-d.svg', '|touch x;.svg', '~.svg', \
                '$(touch x).svg', '`touch x`.svg', 'line\nbreak.svg', '%s\\n.svg', 'é.svg':
            self.good(name)
            self.assertEqual(os.listdir(self.place), [name])
            (self.place / name).unlink()

    @unittest.skipIf(NO_GNUPLOT or COMPARES, 'no gnuplot, or a name of its own')
    def test_name_of_the_program(self):
        """The title is what the program is called, even if that is strange."""
        for name in "it's", '@x $y `z`', 'a_b^c {d}':
            link = self.place / name
            link.symlink_to(PROGRAM)
            subprocess.run([link, '--plot', 'x.svg', *BRIEF], check=True, cwd=self.place,
                           stdout=subprocess.DEVNULL)
            self.assertIn(name, self.texts('x.svg'))

    @unittest.skipIf(NO_GNUPLOT or not FIRST, 'no gnuplot, or two programs will do')
    def test_settings_of_the_user(self):
        """They do not matter."""
        self.good('one.svg')
        (self.place / '.gnuplot').write_text('set title "mine"\nexit\n', encoding='ascii')
        result = run('--plot=two.svg', *BRIEF, **self.elsewhere,
                     env={**os.environ, 'HOME': str(self.place), 'GNUTERM': 'dumb'})
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertEqual((self.place / 'one.svg').read_bytes(),
                         (self.place / 'two.svg').read_bytes())

    @unittest.skipIf(NO_GNUPLOT, 'no gnuplot')
    def test_cannot_be_written(self):
        """Found at the end, after the results."""
        (self.place / 'folder.svg').mkdir()
        result = run('--plot', 'folder.svg', *BRIEF, **self.elsewhere)
        self.assertEqual(result.returncode, 1)
        self.assertNotEqual(result.stdout, '')
        self.assertIn('--plot: folder.svg: Is a directory', result.stderr)

    @unittest.skipIf(NO_GNUPLOT or COMPARES, 'no gnuplot, or no epochs to choose')
    def test_few_and_many_epochs(self):
        """One epoch is a point; many are drawn as fewer, with a band, and that is told."""
        for epochs, told in ('1', False), ('2', False), ('300', True):
            self.good('x.svg', '--epochs', epochs, '--n-unique', '3')
            self.assertEqual('line: mean, band: ' in ' '.join(self.texts('x.svg')), told)

    @unittest.skipIf(NO_GNUPLOT or NAMES.get(PROGRAM.name), 'no gnuplot or checkpoints')
    def test_resumed(self):
        """The picture has the epochs that were trained before."""
        self.good('whole.svg', '--checkpoint', 'run')
        result = run('--plot=again.svg', *BRIEF, '--checkpoint', 'run', '--resume',
                     **self.elsewhere)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.place / 'whole.svg').read_bytes(),
                         (self.place / 'again.svg').read_bytes())

    @unittest.skipIf(NO_GNUPLOT or COMPARES, 'no gnuplot, or it runs to its end')
    def test_interrupted(self):
        """What there is, is drawn."""
        child = subprocess.Popen([PROGRAM, *BRIEF, '--epochs', '1000000000', '--plot',
                                  'x.svg'], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, **self.elsewhere)
        while child.poll() is None and not catches(child, signal.SIGTERM):
            time.sleep(0.001)
        time.sleep(0.1)  # for some epochs; without any there is nothing to draw
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate()
        self.assertEqual(child.returncode, 128 + signal.SIGTERM, said)
        if (self.place / 'x.svg').exists():
            self.assertIn(PROGRAM.name, self.texts('x.svg'))

    @unittest.skipIf(COMPARES or NAMES.get(PROGRAM.name), 'loads nothing')
    def test_nothing_to_draw(self):
        self.refused(2, 'with --epochs 0 there are no figures to draw', '--load', 'x',
                     '--plot', 'y.svg', '--epochs', '0')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
