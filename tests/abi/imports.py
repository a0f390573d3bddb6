# imports.py - what the built library takes from other libraries.
# SPDX-License-Identifier: MIT
#
# usage: imports.py LIBRARY ARCHIVE [--asserts]
#
# Every undefined symbol must be on the list below, so a call that prints, exits, reads the
# environment or starts a process cannot slip in unseen, not even through a builtin of the
# compiler.  Think before adding to it: the library runs in somebody else's program.  Some
# names may come from one object only: those are looked up in the archive the library is
# made of.
import re
import sys

from common import Findings, run

ALLOWED = set('''
    bcmp memchr memcmp memcpy memmove memset strchr strrchr strcmp strncmp strlen strnlen
    snprintf vsnprintf
    ceil cos exp floor fmin log log1p logf round sqrt sqrtf
    clock_gettime getpid sysconf sched_getaffinity __sched_cpucount
    pthread_create pthread_join pthread_sigmask sigfillset pthread_once
    pthread_cond_init pthread_cond_destroy pthread_cond_wait pthread_cond_signal
    pthread_cond_broadcast
    pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock
    __tls_get_addr __stack_chk_fail
'''.split())

# name pattern -> the objects that may import it, and why nobody else.
ONLY_FROM = (
    (r'malloc|calloc|realloc|free|aligned_alloc|posix_memalign', ['base_alloc.c'],
     'memory comes from the allocator of the handle'),
    (r'getenv', ['kernels_dispatch.c'], 'the environment is read for SEQECHO_CPU only'),
    (r'open(64)?', ['train_csv_log.c', 'io_event_file.c'],
     'only logs are written bit by bit'),
    (r'pread(64)?|lseek(64)?|ftruncate(64)?', ['train_csv_log.c'],
     'a log goes on where it was'),
    (r'write', ['io_replace.c', 'io_event_file.c', 'train_csv_log.c'],
     'files are saved by io/replace.h'),
    (r'gethostname', ['io_event_file.c'], 'it is part of the name of such files'),
    (r'close', ['io_file.c', 'train_csv_log.c'], 'files are closed by io/file.h'),
    (r'openat(64)?|read|fstat(at)?(64)?|fchmod|posix_fallocate(64)?|fsync|renameat|'
     r'unlinkat',
     ['io_read.c', 'io_replace.c', 'checkpoint_folder.c'],
     'files are read by io/read.h, saved by io/replace.h'),
    (r'mkdir', ['io_file.c'], 'directories are made by io/file.h'),
    (r'opendir|readdir(64)?|closedir|dirfd', ['checkpoint_folder.c'],
     'one directory is looked into: that of checkpoints'),
    (r'newlocale|uselocale|freelocale', ['io_c_locale.c'],
     'numbers in files are written in the locale "C" of the thread'),
    (r'strtod', ['io_json_read.c'], 'numbers are read in the locale "C"'),
    (r'json_dumpb|json_get_alloc_funcs', ['io_json.c', 'io_json_read.c'],
     'JSON is read and written by io/json.h'),
    (r'json_(?!load|dump|get_alloc)\w+|jsonp_\w+',
     ['io_json', 'io_safetensors_', 'model_', 'train_', 'checkpoint_'],
     'values of JSON are for those that know files'),
    (r'__xpg_strerror_r|strerror_r', ['io_file.c'], 'messages about files'),
    (r'__errno_location',
     ['io_file.c', 'io_read.c', 'io_replace.c', 'io_event_file.c', 'train_csv_log.c',
      'checkpoint_folder.c'],
     'only files have an errno'),
    (r'pow', ['train_schedule.c'],
     'its last bit depends on the C library: se_power() where the exponent is whole'),
    (r'cblas_sgemm|openblas_get_\w+', ['kernels_blas.c'], 'the BLAS needs its guard'),
)

# Brought in by the compiler's own start-up code, all weak.
RUNTIME = {'__cxa_finalize', '__gmon_start__', '_ITM_deregisterTMCloneTable',
           '_ITM_registerTMCloneTable'}

library, archive = sys.argv[1:3]
findings = Findings()
if '--asserts' in sys.argv[3:]:
    ALLOWED.add('__assert_fail')


def plain(symbol):
    """Without its version, and without the dress that _FORTIFY_SOURCE puts on it."""
    name = symbol.split('@')[0]
    fortified = re.fullmatch(r'__(\w+)_chk', name)
    return fortified.group(1) if fortified and name != '__stack_chk_fail' else name


imported = {}
for line in run('nm', '-D', '--undefined-only', library).splitlines():
    kind, symbol = line.split()[-2:]
    imported[plain(symbol)] = kind

for name, kind in sorted(imported.items()):
    runtime = name in RUNTIME and kind == 'w'
    single = any(re.fullmatch(pattern, name) for pattern, _, _ in ONLY_FROM)
    findings.expect(runtime or single or name in ALLOWED, name,
                    'imported, but not on the list of tests/abi/imports.py')

objects = {}
for line in run('nm', '-A', '--undefined-only', archive).splitlines():
    where, symbol = line.rsplit(maxsplit=1)
    member = re.search(r'([\w.-]+\.o):', where).group(1)
    objects.setdefault(plain(symbol), set()).add(member)

for pattern, homes, why in ONLY_FROM:
    for name, members in sorted(objects.items()):
        if re.fullmatch(pattern, name):
            for member in sorted(members):
                findings.expect(any(home in member for home in homes), name,
                                f'imported by {member}: {why}')

findings.expect('malloc' in objects or 'aligned_alloc' in objects, archive,
                'no object allocates: is this the right archive?')
findings.finish(at_least=10)
