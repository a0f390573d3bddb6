# peers.py - finds the programs that compare.py runs, and builds those of peers/.
# SPDX-License-Identifier: MIT
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / 'peers'
UNSUPPORTED = 3

# How to get what is missing.
HINTS = {
    'torch': 'a python3 that can import torch (Debian: python3-torch)',
    'libtorch': 'the C++ library of PyTorch and a C++ compiler (Debian: libtorch-dev)',
    'onednn': 'oneDNN 2 and a C++ compiler with OpenMP (Debian: libdnnl-dev)',
    'ort': 'a release of ONNX Runtime, unpacked: --ort DIRECTORY (with include/ and lib/)',
    'kann': 'a program of your own that uses KANN: --program kann=FILE',
    'rtneural-eigen': 'a program of your own that uses RTNeural with Eigen: '
                      '--program rtneural-eigen=FILE',
    'rtneural-xsimd': 'likewise with xsimd: --program rtneural-xsimd=FILE',
    'rtneural-dynamic': 'likewise in its run-time form: --program rtneural-dynamic=FILE',
}

# How peers are held to the instructions of an older processor.
LIMITS = {
    'avx2': {'OPENBLAS_CORETYPE': 'Haswell', 'ATEN_CPU_CAPABILITY': 'avx2',
             'DNNL_MAX_CPU_ISA': 'AVX2'},
    'sse2': {'OPENBLAS_CORETYPE': 'Prescott', 'ATEN_CPU_CAPABILITY': 'default',
             'DNNL_MAX_CPU_ISA': 'SSE41'},
}


class Failure(Exception):
    pass


class Contestant:
    """A command that takes the options of peers/peer.h and prints one JSON object."""

    def __init__(self, name, command, extra=(), limits=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.extra = list(extra)
        self.limits = limits or {}

    def limited(self, isa):
        """The same program, held to the instructions of an older processor."""
        return Contestant(f'{self.name} {isa}', self.command, self.extra, LIMITS[isa])

    def environment(self, threads):
        """OpenMP and OpenBLAS get the threads, but for PyTorch: it is slower by far when
        both have a pool, and fastest with only that of OpenBLAS."""
        program = self.name.split()[0]
        omp = 1 if program in ('torch', 'libtorch') else threads
        blas = 1 if program == 'kann' else threads
        return {**os.environ, **self.limits, 'OMP_NUM_THREADS': str(omp),
                'OPENBLAS_NUM_THREADS': str(blas), 'PYTHONDONTWRITEBYTECODE': '1'}

    def run(self, options, threads, cpu):
        """The result, or None for work that the program does not do."""
        cpus = set(range(cpu, cpu + threads))
        command = [*self.command, *options, *self.extra]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment(threads), preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        if done.returncode == UNSUPPORTED:
            return None
        if done.returncode != 0:
            raise Failure(f'{shlex.join(command)}\nfailed: {done.stderr.strip()}')
        return self.check(command, done.stdout)

    def check(self, command, text):
        """Trust nothing: a program that is fast and wrong is not in the table."""
        try:
            result = json.loads(text)
            good = result['median_ms'] > 0
            if result['workload'] not in ('step', 'infer'):
                good = good and result['loss'] < result['loss_start']
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f'{shlex.join(command)}\nprinted no result: {text}') from error
        if not good:
            raise Failure(f'{shlex.join(command)}\nhas not done its work: {text}')
        return result


def compiler(kind):
    return shlex.split(os.environ.get(*(('CXX', 'c++') if kind == 'c++' else ('CC', 'cc'))))


def compiles(command):
    try:
        return subprocess.run(command, input='', text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def has_header(kind, header, flags):
    return compiles([*compiler(kind), *flags, '-x', kind, '-include', header, '-E', '-'])


def build(directory, name, kind, sources, flags, libraries):
    """The program, newer than its sources."""
    program = directory / name
    files = [SOURCES / source for source in sources]
    newest = max(f.stat().st_mtime for f in SOURCES.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return program
    directory.mkdir(parents=True, exist_ok=True)
    command = [*compiler(kind), *flags, *map(str, files), *libraries, '-o', str(program)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(f'{shlex.join(command)}\n{done.stderr}')
    return program


def find_torch(_directory, _args):
    for python in dict.fromkeys([sys.executable, 'python3', '/usr/bin/python3']):
        if compiles([python, '-c', 'import torch']):
            return [python, SOURCES / 'torch_peer.py']
    return None


def find_libtorch(directory, _args):
    for prefix in ('', '/usr/include/', '/usr/local/include/'):
        flags = ['-std=c++17', '-O3', '-march=native',
                 *([f'-I{prefix}torch/csrc/api/include'] if prefix else [])]
        if has_header('c++', 'torch/torch.h', flags):
            return [build(directory, 'libtorch-peer', 'c++', ['libtorch_peer.cpp'], flags,
                          ['-ltorch', '-ltorch_cpu', '-lc10'])]
    return None


def find_onednn(directory, _args):
    flags = ['-std=c++17', '-O3', '-march=native', '-ffast-math', '-fopenmp']
    if not has_header('c++', 'oneapi/dnnl/dnnl.hpp', flags):
        return None
    return [build(directory, 'onednn-peer', 'c++', ['onednn_peer.cpp', 'onednn_lstm.cpp'],
                  flags, ['-ldnnl'])]


def find_ort(directory, args):
    flags, libraries = ['-std=gnu11', '-O3', '-march=native'], ['-lonnxruntime', '-lm']
    if args.ort:
        root = Path(args.ort).resolve()
        flags.append(f'-I{root}/include')
        libraries[:0] = [f'-L{root}/lib', f'-Wl,-rpath,{root}/lib']
    if not has_header('c', 'onnxruntime_c_api.h', flags):
        return None
    return [build(directory, 'ort-peer', 'c', ['ort_peer.c'], flags, libraries)]


FINDERS = {'torch': find_torch, 'libtorch': find_libtorch, 'onednn': find_onednn,
           'ort': find_ort}


def find(names, args):
    """Contestants by name, of those asked for; says what is missing and how to get it."""
    given = dict(p.split('=', 1) for p in args.program)
    for name in given:
        if name not in HINTS:
            raise Failure(f'--program: {name} is none of {", ".join(HINTS)}')
    directory = Path(args.builddir).resolve() / 'peers'
    found = {}
    for name in names:
        command = None
        if name in given:
            command = [Path(given[name]).resolve()]
            if not os.access(command[0], os.X_OK):
                raise Failure(f'--program {name}={given[name]}: no such program')
        elif name in FINDERS:
            command = FINDERS[name](directory, args)
        if command is None:
            print(f'without {name}. What is needed: {HINTS.get(name, "a --program")}',
                  file=sys.stderr)
        else:
            found[name] = Contestant(name, command)
    return found


def bench_program(builddir):
    program = Path(builddir).resolve() / 'tests' / 'bench' / 'seqecho-bench'
    if not program.exists():
        raise Failure(f'{program} is not there: build the project with its tests first')
    return program


def ours(args):
    """Our program with the best kernels, with those of older processors, by clang."""
    program = bench_program(args.builddir)
    found = {'seqecho': Contestant('seqecho', [program], ['--json'])}
    smallest = ['--workload', 'step', '--units', '8', '--reps', '1', '--json']
    best = json.loads(subprocess.check_output([program, *smallest], text=True))['isa']
    for isa in LIMITS:
        if isa != best and compiles([str(program), *smallest, '--isa', isa]):
            name = f'seqecho {isa}'
            found[name] = Contestant(name, [program], ['--json', '--isa', isa])
    if args.clang:
        other = bench_program(args.clang)
        found['seqecho clang'] = Contestant('seqecho clang', [other], ['--json'])
    return found
