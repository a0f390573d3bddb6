# saving.py - runs one example program as a user does who saves, stops and goes on.
# SPDX-License-Identifier: MIT
#
# usage: saving.py PROGRAM
import os
import pty
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
OWN_LOOP = PROGRAM.name == 'echo_teacher_forcing'
STATELESS = {'echo_attention', 'echo_bidirectional', 'echo_cnn_lstm',
             'echo_teacher_forcing'}
FAST = PROGRAM.name == 'echo_seq2seq'  # also takes the tests that need many epochs
SMALL = ['--units', '4', '--eval', '2', '--seed', '1']
ENDLESS = 1000000000
STOPPED = 128 + signal.SIGINT


def start(*options, stdout=subprocess.PIPE, **more):
    return subprocess.Popen([PROGRAM, *SMALL, *map(str, options)], stdout=stdout,
                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            universal_newlines=True, **more)


def finish(child):
    """Status, output and messages.  One that should have ended long ago is killed, rather
    than left behind."""
    try:
        output, messages = child.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    return child.returncode, output, messages


def run(*options, **more):
    return finish(start(*options, **more))


def results(output):
    """The lines that tell what a model can do: without progress, times and, as it may have
    been loaded, the number of epochs."""
    lines = [line for line in output.splitlines() if not re.match(r'Epoch | - ', line)]
    return [re.sub(r' \d+ epochs in \d+\.\d\d s;', '', line) for line in lines]


def progress(output):
    """The figures of the epochs, without times."""
    return [re.sub(r'^ - \d+s', '', line) for line in output.splitlines()
            if re.match(r'Epoch | - ', line)]


def catches(child, number=signal.SIGINT):
    """Does the child have a handler for that signal?"""
    status = Path(f'/proc/{child.pid}/status').read_text(encoding='ascii')
    caught = re.search(r'^SigCgt:\s*(\w+)', status, re.M)
    return caught is not None and int(caught.group(1), 16) >> (number - 1) & 1 == 1


def wait_until(child, condition):
    while child.poll() is None and not condition():
        time.sleep(0.0005)


def ignore_size_signal():
    """In the child: files cannot grow beyond 100 bytes, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


class Saving(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="seqecho it's "))
        self.addCleanup(shutil.rmtree, self.place)
        self.model = self.place / 'model.safetensors'
        self.folder = self.place / 'run'

    def good(self, *options, says=None, **more):
        status, output, messages = run(*options, **more)
        self.assertEqual(status, 0, messages)
        if says is None:
            self.assertEqual(messages, '')
        else:
            self.assertRegex(messages, rf'^{PROGRAM.name}: .*{says}')
        return output

    def bad(self, status, mention, *options, **more):
        """It fails before it does anything, and says why."""
        found, output, messages = run(*options, **more)
        self.assertEqual((found, output), (status, ''), messages)
        self.assertTrue(messages.startswith(f'{PROGRAM.name}: '), messages)
        self.assertRegex(messages, mention)
        return messages

    def checkpoints(self):
        return sorted(self.folder.glob('checkpoint-*.safetensors'))

    def interrupt(self, *options, number=signal.SIGINT, **more):
        """Stop a training of many epochs after its first checkpoint: how many it was to
        have, its output, and what it said."""
        for epochs in 300, 3000, 30000:
            child = start('--checkpoint', self.folder, '--epochs', epochs, '--every', 1,
                          *options, **more)
            wait_until(child, self.checkpoints)
            child.send_signal(number)
            status, output, messages = finish(child)
            if status != 0:
                break
            shutil.rmtree(self.folder)
        self.assertEqual(status, 128 + number, messages)
        self.assertEqual(results(output), [])
        return epochs, output, messages

    # ---- Models ----

    def test_load_only(self):
        """The loaded model echoes what the trained one did; loaded and saved again, the
        file is the same."""
        trained = results(self.good('--epochs', 20, '--save', self.model))
        before = self.model.read_bytes()
        loaded = self.good('--epochs', 0, '--load', self.model, '--save', self.model)
        self.assertEqual(results(loaded), trained)
        self.assertEqual(progress(loaded), [])
        self.assertEqual(self.model.read_bytes(), before)
        self.assertEqual(os.listdir(self.place), ['model.safetensors'])

    def test_load_and_train(self):
        """It begins where the model stands, not with new weights."""
        self.good('--epochs', 200, '--save', self.model)
        before = self.model.read_bytes()
        more = self.good('--epochs', 1, '--load', self.model, '--save', self.model)
        new = self.good('--epochs', 1)
        self.assertNotEqual(self.model.read_bytes(), before)

        def loss(output):
            return float(re.findall(r'loss: ([\d.]+)', output)[-1])
        self.assertLess(loss(more), loss(new))

    def test_load_checkpoint(self):
        """A checkpoint is a model too."""
        trained = results(self.good('--epochs', 7, '--checkpoint', self.folder))
        newest = self.checkpoints()[-1]
        self.assertEqual(results(self.good('--epochs', 0, '--load', newest)), trained)

    def test_other_sizes(self):
        self.good('--epochs', 1, '--save', self.model)
        text = self.good('--help')
        default = {name: int(value) for name, value in
                   re.findall(r'^  --([\w-]+) +N .* \(default (\d+)\)$', text, re.M)}
        sizes = {'units': 5, 'n-in': default['n-in'] + 2, 'n-unique': 107}
        if PROGRAM.name == 'echo_linear':
            del sizes['n-unique']  # a number is a number
        if PROGRAM.name not in STATELESS:
            sizes['batch'] = 1
        for name, value in sizes.items():
            said = self.bad(1, 'the model in the file is not the one of the options',
                            '--epochs', 0, '--load', self.model, f'--{name}', value)
            self.assertRegex(said, r'\n  file:    \S.*\n  options: \S')
            self.assertIn('--units', said)

    def test_bad_file(self):
        self.good('--epochs', 1, '--save', self.model)
        good = self.model.read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        for content in b'', good[:7], good[:len(good) // 2], good + b'x', b'text\n' * 99, \
                bytes(flipped):
            self.model.write_bytes(content)
            self.bad(1, 'SEQECHO_EFORMAT: graph_load: ', '--load', self.model)
        self.bad(1, 'SEQECHO_EIO: .*No such file', '--load', self.place / 'none')
        self.bad(1, 'SEQECHO_EIO: .*a directory', '--load', self.place)

    def test_save_nowhere(self):
        """Found before the training."""
        self.bad(1, "--save: cannot write to the directory '.*none/': No such file",
                 '--save', self.place / 'none' / 'model')
        self.bad(1, '--checkpoint: .*: No such file', '--checkpoint',
                 self.place / 'none' / 'run')
        self.folder.write_text('a file\n', encoding='ascii')
        self.bad(1, '--checkpoint: .*: Not a directory', '--checkpoint', self.folder)
        self.bad(1, '--save: .*: Not a directory', '--save', self.folder / 'model')

    def test_save_forbidden(self):
        """To root nothing is, so another user tries."""
        self.folder.mkdir()
        self.folder.chmod(0o555)
        self.place.chmod(0o755)
        other = {'preexec_fn': lambda: os.setuid(65534)} if os.geteuid() == 0 else {}
        try:
            run('--help', **other)
        except OSError as error:
            self.skipTest(f'another user cannot run the program: {error}')
        self.bad(1, '--save: .*: Permission denied', '--save', self.folder / 'model',
                 **other)
        self.bad(1, '--checkpoint: .*: Permission denied', '--checkpoint', self.folder,
                 **other)

    def test_save_fails(self):
        """The results come all the same, and the old file is there."""
        first = self.good('--epochs', 1, '--save', self.model)
        before = self.model.read_bytes()
        for file, mention in (self.model, 'SEQECHO_EIO: .*File too large'), \
                (self.place, 'SEQECHO_EIO: .*a directory'):
            status, output, messages = run('--epochs', 1, '--save', file,
                                           preexec_fn=ignore_size_signal)
            self.assertEqual(status, 1)
            self.assertEqual(results(output), results(first))
            self.assertRegex(messages, mention)
        self.assertEqual(self.model.read_bytes(), before)
        self.assertEqual(os.listdir(self.place), ['model.safetensors'])

    # ---- Checkpoints ----

    def test_checkpoint_fails(self):
        """The training ends, and what it has learned so far is shown."""
        if OWN_LOOP:  # which saves its first epoch, and has nothing to show before
            self.bad(1, 'SEQECHO_EIO: checkpoint: .*File too large', '--checkpoint',
                     self.folder, preexec_fn=ignore_size_signal)
            return
        status, output, messages = run('--epochs', 20, '--every', 4, '--checkpoint',
                                       self.folder, preexec_fn=ignore_size_signal)
        self.assertEqual(status, 1)
        self.assertEqual(len(results(output)), len(results(self.good('--epochs', 1))))
        self.assertRegex(messages, 'SEQECHO_EIO: checkpoint: .*File too large')
        self.assertRegex(messages, r'the training ended there, at epoch \d+ of 20; ')
        self.assertEqual(self.checkpoints(), [])

    def test_options_need_each_other(self):
        self.bad(2, '--resume: .*--checkpoint DIR', '--resume')
        self.bad(2, '--every: .*--checkpoint DIR', '--every', 5)
        self.bad(2, '--epochs: .*--load', '--epochs', 0)
        self.bad(2, '--checkpoint: ', '--epochs', 0, '--load', 'x', '--checkpoint', 'y')
        self.bad(2, '--csv: ', '--epochs', 0, '--load', 'x', '--csv', 'y')
        for option in 'save', 'load', 'checkpoint', 'csv':
            self.bad(2, f"--{option}: expected a path, got ''", f'--{option}', '')

    def test_default_every(self):
        self.good('--epochs', 41, '--checkpoint', self.folder)
        steps = [int(re.search(r'\d{12}', file.name).group())
                 for file in self.checkpoints()]
        self.assertEqual([41 * step // steps[-1] for step in steps], [36, 40, 41])

    def test_nothing_to_resume(self):
        plain = self.good('--epochs', 3)
        output = self.good('--epochs', 3, '--checkpoint', self.folder, '--resume',
                           says='no checkpoint in .*run: starting at the beginning\n$')
        self.assertEqual(results(output), results(plain))
        self.assertEqual(progress(output), progress(plain))

    def test_resume_what_is_done(self):
        """It shows its results again, and can be trained longer."""
        first = self.good('--epochs', 6, '--checkpoint', self.folder)
        again = self.good('--epochs', 6, '--checkpoint', self.folder, '--resume',
                          says=r'resuming .*: all 6 epochs are done\n$')
        self.assertEqual(results(again), results(first))
        self.assertEqual(progress(again), [])
        if OWN_LOOP:
            return  # its learning rate depends on the number of epochs
        longer = self.good('--epochs', 9, '--checkpoint', self.folder, '--resume',
                           says=r'resuming .*/run/checkpoint-\d+\.safetensors: '
                                r'epoch 7 of 9\n$')
        self.assertEqual(results(longer), results(self.good('--epochs', 9)))

    @unittest.skipIf(OWN_LOOP, 'it fits anew each epoch, and does not overwrite that file')
    def test_damaged_checkpoint(self):
        """The one before is taken."""
        plain = self.good('--epochs', 9, '--checkpoint', self.folder, '--every', 2)
        damaged = self.checkpoints()[-1]
        damaged.write_bytes(damaged.read_bytes()[:-1])
        again = self.good('--epochs', 9, '--checkpoint', self.folder, '--resume',
                          says='resuming .*: epoch 9 of 9\n$')
        self.assertEqual(results(again), results(plain))

    def test_directory_of_another(self):
        self.good('--epochs', 3, '--checkpoint', self.folder)
        before = {file: file.read_bytes() for file in self.checkpoints()}
        said = self.bad(1, 'SEQECHO_ESTATE: .*choose another directory', '--epochs', 3,
                        '--checkpoint', self.folder)
        self.assertRegex(said, 'if they are of this training, go on with: .* --resume\n$')
        self.bad(1, 'made with other options(.|\n)*SEQECHO_ESHAPE', '--epochs', 3,
                 '--checkpoint', self.folder, '--resume', '--units', 5)
        if not OWN_LOOP:
            status, _, messages = run('--epochs', 4, '--checkpoint', self.folder,
                                      '--resume', '--seed', 2)
            self.assertEqual(status, 1)
            self.assertIn('seed 1, found 2', messages)
        self.assertEqual({file: file.read_bytes() for file in self.checkpoints()}, before)

    # ---- Ctrl-C ----

    def test_interrupt_and_resume(self):
        """Both parts together are the training that nobody disturbed."""
        for number in signal.SIGINT, signal.SIGTERM:
            shutil.rmtree(self.folder, ignore_errors=True)
            figures = self.place / 'figures.csv'
            epochs, first, said = self.interrupt('--csv', figures, number=number)
            found = re.fullmatch(rf'{PROGRAM.name}: stopped at epoch (\d+) of {epochs}; '
                                 r'go on with: (.*)\n', said)
            self.assertTrue(found, said)
            second = subprocess.run(['sh', '-c', found.group(2)], universal_newlines=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(second.returncode, 0, second.stderr)
            self.assertIn(f': epoch {found.group(1)} of {epochs}\n', second.stderr)
            history = figures.read_bytes()
            plain = self.good('--epochs', epochs, '--csv', figures)
            self.assertEqual(results(second.stdout), results(plain))
            self.assertEqual(progress(first) + progress(second.stdout), progress(plain))
            self.assertEqual(history, figures.read_bytes())

    def test_killed(self):
        """Without a chance to save, it goes on from the checkpoint before."""
        for epochs in 300, 3000, 30000:
            child = start('--checkpoint', self.folder, '--epochs', epochs, '--every', 1)
            wait_until(child, self.checkpoints)
            child.kill()
            if finish(child)[0] == -signal.SIGKILL:
                break
            shutil.rmtree(self.folder)
        again = self.good('--checkpoint', self.folder, '--epochs', epochs, '--resume',
                          says='resuming .*')
        self.assertEqual(results(again), results(self.good('--epochs', epochs)))

    def test_interrupt_with_save_only(self):
        child = start('--save', self.model, '--epochs', ENDLESS, '--quiet')
        wait_until(child, lambda: catches(child))
        child.send_signal(signal.SIGINT)
        status, output, messages = finish(child)
        self.assertEqual((status, output), (STOPPED, ''), messages)
        found = re.fullmatch(rf'{PROGRAM.name}: stopped at epoch \d+ of {ENDLESS}; '
                             r'the model so far is in .*; train it further with: '
                             r'(.* --epochs \d+ --load .*)\n', messages)
        self.assertTrue(found, messages)
        command = re.sub(r' --epochs \d+ --load', ' --epochs 2 --load', found.group(1))
        more = subprocess.run(['sh', '-c', command], stdout=subprocess.DEVNULL)
        self.assertEqual(more.returncode, 0)

    def test_interrupt_without_files(self):
        child = start('--epochs', ENDLESS, '--quiet')
        wait_until(child, lambda: catches(child))
        child.send_signal(signal.SIGINT)
        status, output, messages = finish(child)
        self.assertEqual((status, output), (STOPPED, ''), messages)
        self.assertRegex(messages, rf'^{PROGRAM.name}: stopped at epoch \d+ of {ENDLESS}; '
                                   'nothing is saved, .*--checkpoint DIR')

    def test_interrupt_on_a_terminal(self):
        """The line that changes in place is ended; the messages stand below it."""
        try:
            pid, leader = pty.fork()
        except OSError as error:
            self.skipTest(f'no terminal here: {error}')
        if pid == 0:
            os.environ['TERM'] = 'xterm'
            os.execv(PROGRAM, [str(PROGRAM), *SMALL, '--epochs', str(ENDLESS),
                               '--checkpoint', str(self.folder)])
        said = b''
        while b'\repoch ' not in said:
            said += os.read(leader, 4096)
        os.write(leader, b'\x03')
        while True:
            try:
                said += os.read(leader, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
        os.close(leader)
        self.assertEqual(os.waitpid(pid, 0)[1], STOPPED << 8)
        *lines, message, end = said.decode().split('\r\n')
        self.assertEqual((len(lines), end), (1, ''), lines)
        shown = re.findall(r'\repoch (\d+)/\d+ [^\r]*', lines[0])
        self.assertRegex(message, rf'^{PROGRAM.name}: stopped at epoch \d+ of {ENDLESS}; ')
        if not OWN_LOOP:  # which says the one that comes next
            self.assertEqual(shown[-1], re.search(r'epoch (\d+)', message).group(1))
        self.assertTrue(self.checkpoints())

    @unittest.skipUnless(FAST, 'one program will do')
    def test_ignored_signal(self):
        """What was started with nohup or in the background stays undisturbed."""
        child = start('--epochs', 300, '--every', 1, '--checkpoint', self.folder,
                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        wait_until(child, self.checkpoints)
        child.send_signal(signal.SIGINT)
        status, output, messages = finish(child)
        self.assertEqual((status, messages), (0, ''))
        self.assertEqual(results(output), results(self.good('--epochs', 300)))

    @unittest.skipUnless(FAST, 'one program will do')
    def test_second_signal(self):
        """It ends the program in the midst of a batch."""
        for rows in 2000, 20000, 60000:
            child = start('--units', 200, '--length', rows + 4, '--batch', rows,
                          '--threads', 1, '--quiet')
            wait_until(child, lambda: catches(child))
            child.send_signal(signal.SIGINT)
            wait_until(child, lambda: not catches(child))
            child.send_signal(signal.SIGINT)
            status, _, messages = finish(child)
            if messages == '':  # the batch was not over before
                break
        self.assertEqual((status, messages), (-signal.SIGINT, ''))

    @unittest.skipUnless(FAST or OWN_LOOP, 'two programs will do')
    def test_many_interrupts(self):
        """Twenty at random moments, some before the training has begun or after it: what
        is printed and written is that of a training that nobody disturbed."""
        epochs = 400 if OWN_LOOP else 20000
        figures = [self.place / 'plain.csv', self.place / 'disturbed.csv']
        begin = time.monotonic()
        plain = self.good('--epochs', epochs, '--csv', figures[0])
        moments, longest = random.Random(1), (time.monotonic() - begin) / 15
        shown, stops = [], 0
        for i in range(1000):
            child = start('--epochs', epochs, '--csv', figures[1], '--checkpoint',
                          self.folder, '--resume')
            if i < 20:
                if i % 4 != 3:
                    wait_until(child, lambda: catches(child))
                time.sleep(moments.uniform(0.0, longest))
                child.send_signal(signal.SIGINT)
            status, output, messages = finish(child)
            self.assertIn(status, (0, STOPPED, -signal.SIGINT), messages)
            shown += progress(output)
            stops += status == STOPPED
            if status == 0:
                break
        self.assertEqual(results(output), results(plain))
        self.assertEqual(shown, progress(plain))
        self.assertEqual(figures[1].read_bytes(), figures[0].read_bytes())
        self.assertGreater(stops, 0)
        print(f'{i + 1} runs, {stops} stopped in the training')


class Several(unittest.TestCase):
    """Programs that train several networks have no files, but end in good order."""

    def test_options(self):
        for option in '--save', '--load', '--checkpoint', '--resume', '--every':
            status, output, messages = run(option, 'x')
            self.assertEqual((status, output), (2, ''), messages)

    def test_interrupt(self):
        child = start('--epochs', ENDLESS)
        wait_until(child, lambda: catches(child))
        child.send_signal(signal.SIGTERM)
        status, output, messages = finish(child)
        self.assertEqual(status, 128 + signal.SIGTERM, messages)
        self.assertRegex(output, r'^[\w -]+:\n$')
        self.assertRegex(messages, rf'^{PROGRAM.name}: stopped at epoch \d+ of {ENDLESS}; '
                                   'nothing is saved\n$')


class Models(unittest.TestCase):
    """The examples about files say themselves whether it worked."""

    said = {
        'model_files': r'(.*)\.safetensors has\n  lstm/kernel +10 32\n'
                       r'  lstm/recurrent_kernel +8 32\n  lstm/bias +32\n'
                       r'  time_distributed/kernel +8 10\n  time_distributed/bias +10\n'
                       r'loaded: its predictions are the same\n'
                       r'another model: its predictions are different\n'
                       r'5 arrays loaded into it\n'
                       r'another model: its predictions are the same\n',
        'model_resume': r'200 steps, up to sequence 201: loss (\d\.\d{4})\n'
                        r'100 steps, up to sequence 101: loss \d\.\d{4}\n'
                        r'100 steps, up to sequence 201: loss \1\n'
                        r'the weights are the same\n',
    }

    def test_output(self):
        with tempfile.TemporaryDirectory() as place:
            def say(*file):
                result = subprocess.run([PROGRAM, *file], cwd=place, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, universal_newlines=True)
                return result.returncode, result.stdout, result.stderr

            for file in [], [f'{place}/own.safetensors']:
                status, output, messages = say(*file)
                self.assertEqual((status, messages), (0, ''))
                self.assertRegex(output, rf'^{self.said[PROGRAM.name]}$')
            self.assertEqual(len(os.listdir(place)), 2)
            status, _, messages = say(f'{place}/none/file')
            self.assertEqual(status, 1)
            self.assertRegex(messages, rf'^{PROGRAM.name}: SEQECHO_EIO: ')


if __name__ == '__main__':
    if PROGRAM.name in Models.said:
        del Saving, Several
    elif PROGRAM.name in ('echo_longer', 'echo_stateless', 'echo_topologies'):
        del Saving, Models
    else:
        del Several, Models
    unittest.main(argv=sys.argv[:1], verbosity=1)
