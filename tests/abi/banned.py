# banned.py - functions that the library does not call, or calls in one place only.
# SPDX-License-Identifier: MIT
#
# usage: banned.py SOURCE_ROOT
#
# imports.py sees what the linker sees; this sees the sources, also those of other
# machines, and gives file and line.
import re
import sys
from pathlib import Path

from common import Findings, line_of, sources, strip_comments

NOWHERE = (
    ('it prints: a library returns its findings',
     'printf fprintf vprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc '
     'fwrite perror psignal syslog'),
    ('it reads or writes files in a way that no function of this interface does',
     'fopen freopen fdopen creat fread fgets fgetc getc getchar fscanf scanf '
     'rename unlink remove tmpfile mmap munmap'),
    ('it ends the process of the user', 'exit _exit _Exit quick_exit abort raise kill'),
    ('it changes the whole process',
     'signal sigaction sigprocmask setlocale atexit on_exit pthread_atfork setenv unsetenv '
     'putenv chdir umask setrlimit dlopen fesetround fesetenv srand srandom '
     'openblas_set_num_threads goto_set_num_threads omp_set_num_threads'),
    ('it starts a process', 'fork vfork system popen execve execv execvp posix_spawn'),
    ('it depends on the locale',
     'atof strtof strtold sscanf vsscanf strcoll strxfrm isalpha isdigit isspace '
     'isalnum isprint isupper islower toupper tolower'),
    ('it cannot tell an error from a number', 'atoi atol atoll'),
    ('it does not know the size of what it writes',
     'sprintf vsprintf strcpy stpcpy strcat strncat strncpy gets alloca'),
    ('it keeps its state in a global',
     'rand random drand48 lrand48 strtok time localtime gmtime ctime asctime clock '
     'strerror'),
    ('it jumps out of functions', 'setjmp longjmp sigsetjmp siglongjmp'),
    ('it allocates behind the allocator of the handle', 'strdup strndup asprintf vasprintf '
     'memalign valloc reallocarray getline'),
)

# (names as a pattern, the files that may, why nobody else)
ONE_PLACE = (
    (r'malloc|calloc|realloc|free|aligned_alloc|posix_memalign', ['base/alloc.c'],
     'memory comes from se_alloc()'),
    (r'getenv|secure_getenv', ['kernels/dispatch.c'],
     'the environment is read for SEQECHO_CPU only'),
    (r'cblas_\w+|openblas_\w+', ['kernels/blas.c'],
     'the BLAS needs its guard: se_blas_sgemm()'),
    (r'open(?=\s*\()', ['train/csv_log.c', 'io/event_file.c'],
     'logs are written bit by bit; all else is whole files, by io/read.h and io/replace.h'),
    (r'(?:pread|lseek|ftruncate)(?=\s*\()', ['train/csv_log.c'],
     'a log goes on where it was'),
    (r'write(?=\s*\()', ['io/replace.c', 'io/event_file.c', 'train/csv_log.c'],
     'files are saved by io/replace.h'),
    (r'close(?=\s*\()', ['io/file.c', 'train/csv_log.c'], 'files are closed by io/file.h'),
    (r'(?:openat|fstatat|fchmod|posix_fallocate|fsync|renameat|unlinkat)(?=\s*\()',
     ['io/read.c', 'io/replace.c', 'checkpoint/folder.c'],
     'files are read by io/read.h, saved by io/replace.h'),
    (r'mkdir(?=\s*\()', ['io/file.c'], 'directories are made by io/file.h'),
    (r'(?:opendir|readdir|closedir|dirfd)(?=\s*\()', ['checkpoint/folder.c'],
     'one directory is looked into: that of checkpoints'),
    (r'(?:newlocale|uselocale|freelocale)(?=\s*\()', ['io/c_locale.c'],
     'numbers in files are written in the locale "C" of the thread'),
    (r'strtod', ['io/json_read.c'], 'numbers are read by io/json.h, in the locale "C"'),
    (r'json_dump\w*(?=\s*\()', ['io/json.c'], 'JSON is written by io/json.h'),
    (r'json_load\w*(?=\s*\()', [],
     'JSON is read by io/json.h: jansson loses characters when memory runs out'),
    (r'(?:read|fstat)(?=\s*\()', ['io/read.c'], 'files are read by io/read.h'),
    (r'strerror_r', ['io/file.c'], 'messages about files are made by io/file.h'),
    (r'pthread_\w+', ['base/pool.c', 'kernels/blas.c', 'kernels/dispatch.c'],
     'threads belong to base/pool.h'),
    (r'vsnprintf', ['base/error.c', 'base/strbuf.c'],
     'text is made by se_fail() or base/strbuf.h'),
)

root = Path(sys.argv[1])
findings = Findings()
rules = [(re.compile(r'(?<![\w.>])(' + '|'.join(names.split()) + r')\s*\('), [], why)
         for why, names in NOWHERE]
rules += [(re.compile(r'(?<![\w.>])(' + pattern + r')(?!\w)'), files, why)
          for pattern, files, why in ONE_PLACE]
rules.append((re.compile(r'\b(stdout|stderr|stdin)\b'), [], 'the library has no console'))

for path in sources(root / 'lib', '.c', '.h'):
    name = str(path.relative_to(root / 'lib'))
    text = strip_comments(path.read_text(encoding='utf-8'), strings=True)
    text = re.sub(r'^[ \t]*#[ \t]*include.*$', '', text, flags=re.M)
    for pattern, files, why in rules:
        matches = [] if name in files else list(pattern.finditer(text))
        findings.expect(not matches, f'lib/{name}', f'{len(matches)} banned calls:')
        for match in matches:
            findings.add(f'lib/{name}:{line_of(text, match.start())}',
                         f'{match.group(1)}: {why}')

findings.finish(at_least=100)
