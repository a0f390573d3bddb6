# facts.py - what compare.py finds out beside the timed rows: whole programs, their memory,
# the size of the library, the machine, and where the time goes.
# SPDX-License-Identifier: MIT
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import peers

SHOWN = 8  # functions of a profile


def whole_programs(args):
    """Seconds and peak memory of both programs of the tutorial, from start to end."""
    builddir = Path(args.builddir).resolve()
    process = peers.build(builddir / 'peers', 'process', 'c', ['process.c'],
                          ['-std=gnu11', '-O2'], [])
    found = {}
    for name, runs in (('seq2seq', 7), ('encoder_decoder', 1 if args.quick else 3)):
        program = builddir / 'examples' / f'echo_{name}'
        if not program.exists():
            raise peers.Failure(f'{program} is not there: build the examples too')
        lines = [run_process(process, program, args.cpu) for _ in range(runs)]
        found[f'{name}_seconds'] = statistics.median(line['seconds'] for line in lines)
        found[f'{name}_mb'] = max(line['peak_kib'] for line in lines) * 1024 / 1e6
    return found


def run_process(process, program, cpu):
    text = subprocess.check_output([process, program, '--quiet'], text=True,
                                   preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    return json.loads(text)


def file_size(args):
    """Kilobytes of the shared library without what only debuggers read."""
    files = sorted((Path(args.builddir) / 'lib').glob('libseqecho.so.*.*.*'))
    files = [f for f in files if f.is_file()]
    if not files or not shutil.which('strip'):
        return {}
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(['strip', '-o', stripped.name, files[0]], check=True)
        return {'library_kb': os.path.getsize(stripped.name) / 1000}


def first_line(*command):
    try:
        return subprocess.check_output(command, text=True).splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return 'unknown'


def caches():
    """As the first processor has them: 'L1 32K, L2 1024K, L3 32768K'."""
    found = {}
    for index in sorted(Path('/sys/devices/system/cpu/cpu0/cache').glob('index*')):
        level, kind, size = ((index / name).read_text().strip()
                             for name in ('level', 'type', 'size'))
        if kind != 'Instruction':
            found[f'L{level}'] = size
    return ', '.join(f'{level} {size}' for level, size in found.items())


def machine():
    try:
        cpuinfo = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        cpuinfo = ''
    model = re.search(r'^model name\s*:\s*(.*)$', cpuinfo, re.M)
    system = first_line('sh', '-c', '. /etc/os-release && echo "$PRETTY_NAME"')
    return {'processor': model.group(1) if model else platform.machine(),
            'processors': os.cpu_count(), 'caches': caches(), 'system': system,
            'compiler': first_line(*peers.compiler('c'), '--version'),
            'python': platform.python_version()}


def profile(bench, point, cpu):
    """Shares of the functions of the library in its time, the largest first; None where
    there is no profiler that may be used."""
    perf = shutil.which('perf')
    if not perf:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        data = f'{scratch}/perf.data'
        recorded = subprocess.run(
            [perf, 'record', '-q', '-F', '1999', '-o', data, *bench.command, *point.options,
             '--seconds', '0.1', *bench.extra],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        if recorded.returncode != 0:
            return None
        report = subprocess.run(
            [perf, 'report', '-q', '-i', data, '--stdio', '--sort', 'dso,symbol'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return shares(report.stdout)


def shares(report):
    """The lines '12.34%  object  [.] function' of what is not the bench program itself."""
    found = {}
    for line in report.splitlines():
        match = re.match(r'\s*([\d.]+)%\s+(\S+)\s+\[\.\]\s+(\S+)', line)
        if match and match.group(2) != 'seqecho-bench':
            name = match.group(3)
            name = name if 'seqecho' in match.group(2) else f'{name} ({match.group(2)})'
            found[name] = found.get(name, 0) + float(match.group(1))
    total = sum(found.values())
    ordered = sorted(found.items(), key=lambda item: -item[1])[:SHOWN]
    return [[name, share / total] for name, share in ordered] if total else None
