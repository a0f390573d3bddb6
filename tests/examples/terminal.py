# terminal.py - runs one example program on a terminal, and looks at the line that changes.
# SPDX-License-Identifier: MIT
#
# usage: terminal.py PROGRAM
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
UTF8, PLAIN = {'LC_ALL': 'C.UTF-8'}, {'LC_ALL': 'C'}
BARS = {'utf-8': '▁▂▃▄▅▆▇█', 'ascii': "_.-'"}
BRIEF = ['--units', '4', '--eval', '1', '--seed', '1', '--epochs', '60']
ENDLESS = ['--units', '4', '--epochs', '1000000000']


class Terminal:
    """A program that runs on a terminal of its own, of so many columns."""

    def __init__(self, options, columns, settings):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ('NO_COLOR', 'LC_CTYPE', 'LANG')}
        self.leader, follower = pty.openpty()
        self.resize(columns)
        self.child = subprocess.Popen(
            [PROGRAM, *options], stdin=follower, stdout=follower, stderr=follower,
            env={**environment, 'TERM': 'xterm', **settings})
        os.close(follower)
        self.said = b''

    def resize(self, columns):
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))

    def read(self):
        """Some more; False at the end."""
        try:
            more = os.read(self.leader, 4096)
        except OSError:  # how Linux says that the other side is closed
            more = b''
        self.said += more
        return more != b''

    def end(self):
        """All that it said, its lines ended as in a file."""
        while self.read():
            pass
        os.close(self.leader)
        self.status = self.child.wait()
        return self.said.decode().replace('\r\n', '\n')

    def draws(self):
        """The lines that were drawn over each other and are whole, without colours."""
        whole = self.said.decode(errors='ignore').replace('\r\n', '\n').split('\x1b[K')[:-1]
        return [re.sub(r'\x1b\[\d*m', '', text.rpartition('\r')[2]) for text in whole]


class Live(unittest.TestCase):
    def setUp(self):
        try:
            for side in pty.openpty():
                os.close(side)
        except OSError as error:  # some containers have none
            self.skipTest(str(error))

    def run_on(self, columns, settings, options=BRIEF):
        terminal = Terminal(options, columns, settings)
        said = terminal.end()
        self.assertEqual(terminal.status, 0, said)
        return said, terminal.draws()

    def test_bars(self):
        """Losses as bars, the last of all training and as many as there are columns."""
        for settings, marks in (UTF8, BARS['utf-8']), (PLAIN, BARS['ascii']):
            for columns, most in (200, 24), (110, 24), (80, 14):
                _, draws = self.run_on(columns, settings,
                                       [*BRIEF, '--units', '20', '--epochs', '300'])
                bars = draws[-1].split('  ')[-1]
                self.assertRegex(bars, f'^[{re.escape(marks)}]+$')
                self.assertTrue(4 <= len(bars) <= most, bars)
                self.assertEqual(len(bars), most if columns > 90 else len(bars))
                self.assertEqual({marks[0], marks[-1]} - set(bars), set())
                self.assertLess(marks.index(bars[-1]), marks.index(bars[0]),
                                'the loss has fallen')

    def test_fields(self):
        _, draws = self.run_on(200, UTF8)
        for line in [line for line in draws if ' took ' not in line]:
            self.assertRegex(line, r'^epoch \d+/60  loss \d\.\d{4}  accuracy \d\.\d{4}  '
                                   r'[\d.]+[kM]? samples/s  ETA \d+ s(  \S+)?$')
        self.assertRegex(draws[-1], r' samples/s  took \d+\.\d\d s  \S+$')
        _, draws = self.run_on(80, UTF8)
        self.assertRegex(draws[-1], r'^epoch 60/60  .*  [\d.]+[kM]?/s  took ')

    def test_width(self):
        """Nothing reaches the last column, where some terminals begin a new line."""
        for columns in 1, 2, 12, 13, 14, 30, 42, 43, 60, 75, 76, 80, 81, 89, 90, 100, 101:
            _, draws = self.run_on(columns, UTF8)
            self.assertTrue(draws)
            self.assertLess(max(map(len, draws)), columns)

    def test_resize(self):
        """The next line that is drawn has the new width."""
        terminal = Terminal(ENDLESS, 100, UTF8)
        for columns in 100, 30, 70:
            terminal.resize(columns)
            terminal.said = b''
            while len(terminal.draws()) < 4 and terminal.read():
                pass
            lengths = [len(line) for line in terminal.draws()[2:]]
            self.assertLess(max(lengths), columns)
            self.assertGreater(max(lengths), columns * 2 // 3)
        terminal.child.send_signal(signal.SIGINT)
        terminal.end()
        self.assertEqual(terminal.status, 128 + signal.SIGINT)

    def test_colours(self):
        """Only bars have one, it ends with them, and NO_COLOR takes it away."""
        said, _ = self.run_on(100, UTF8)
        self.assertRegex(said, r'  \x1b\[36m[▁▂▃▄▅▆▇█]+\x1b\[39m\x1b\[K\n')
        self.assertEqual(said.count('\x1b[36m'), said.count('\x1b[39m'))
        self.assertRegex(self.run_on(100, {**UTF8, 'NO_COLOR': ''})[0], r'\x1b\[36m')
        said, draws = self.run_on(100, {**UTF8, 'NO_COLOR': '1'})
        self.assertNotRegex(said, r'\x1b\[[\d;]*m')
        self.assertRegex(draws[-1], '  [▁▂▃▄▅▆▇█]+$')

    def test_no_live_line(self):
        """On a dumb terminal, without any, and with --quiet."""
        for settings in {'TERM': 'dumb'}, {'TERM': 'dumb', **UTF8}:
            said, draws = self.run_on(100, settings)
            self.assertEqual(draws, [])
            self.assertRegex(said, r'Epoch 60/60\n - \d+s - loss: ')
            self.assertNotRegex(said, r'[\x1b\r▁▂▃▄▅▆▇█]')
        piped = subprocess.run([PROGRAM, *BRIEF], stdout=subprocess.PIPE, check=True,
                               env={**os.environ, 'TERM': 'xterm', **UTF8})
        self.assertNotRegex(piped.stdout.decode(), r'[\x1b\r▁▂▃▄▅▆▇█]')
        said, draws = self.run_on(100, UTF8, [*BRIEF, '--quiet'])
        self.assertEqual(draws, [])
        self.assertNotRegex(said, r'[\x1b\r]')

    def test_first_epoch(self):
        """One figure makes no bars."""
        _, draws = self.run_on(200, UTF8, [*BRIEF, '--epochs', '1'])
        self.assertRegex(draws[-1], r'took \d+\.\d\d s$')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
