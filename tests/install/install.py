# install.py - installs into an empty directory, and uses what is there as strangers do.
# SPDX-License-Identifier: MIT
#
# usage: install.py SOURCE_ROOT BUILD_ROOT PREFIX VERSION LIBRARIES [EXAMPLE...]
#
# LIBRARIES is the value of default_library.  CC, CXX, MESON and PKG_CONFIG come from the
# environment; CXX may be empty.  Programs see no flag of ours but those of pkg-config.
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

source, build = (Path(p).resolve() for p in sys.argv[1:3])
prefix, version, libraries = sys.argv[3:6]
examples = sys.argv[6:]
here = Path(__file__).resolve().parent


def run(*command, **env):
    """Standard output of a command that must succeed and say nothing on stderr."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            universal_newlines=True, env={**os.environ, **env})
    if result.returncode != 0 or result.stderr:
        sys.exit(f'{shlex.join(map(str, command))}\nexit status {result.returncode}\n'
                 f'{result.stdout}{result.stderr}')
    return result.stdout


def expect(condition, what):
    if not condition:
        sys.exit(what)
    print('ok:', what)


def installed(destination):
    """The root of the installed tree, its pkg-config file pointing into it."""
    run(os.environ['MESON'], 'install', '--quiet', '--no-rebuild', '-C', build,
        '--destdir', destination)
    root = Path(f'{destination}{prefix}')
    file = next(root.rglob('seqecho.pc'))
    text = file.read_text(encoding='utf-8')
    expect(str(destination) not in text and str(source) not in text
           and str(build) not in text, 'seqecho.pc names no directory of the build')
    moved, count = re.subn(r'(?m)^prefix=.*$', f'prefix={root}', text)
    expect(count == 1 and prefix not in moved.replace(str(root), ''),
           'seqecho.pc says everything relative to its prefix')
    file.write_text(moved, encoding='utf-8')
    os.environ['PKG_CONFIG_PATH'] = str(file.parent)
    return root


def pkg_config(*arguments):
    return shlex.split(run(os.environ['PKG_CONFIG'], *arguments, 'seqecho'))


def check_files(root):
    headers = {p.name.replace('.h.in', '.h') for p in (source / 'include/seqecho').iterdir()
               if p.suffix in ('.h', '.in')}
    expect({p.name for p in (root / 'include/seqecho').iterdir()} == headers,
           'every public header is installed, and no other')
    [pc] = pkg_config('--variable=libdir')
    libdir = Path(pc)
    if libraries != 'static':
        library = libdir / f'libseqecho.so.{version}'
        expect(library.is_file() and not library.is_symlink(), f'{library.name} is a file')
        for link in ('libseqecho.so', 'libseqecho.so.0'):
            expect((libdir / link).resolve() == library.resolve(), f'{link} leads to it')
        dynamic = run('readelf', '-dW', library)
        expect('RUNPATH' not in dynamic and 'RPATH' not in dynamic, 'it has no RUNPATH')
    [directory] = pkg_config('--variable=examplesdir')
    names = {p.name for p in Path(directory).iterdir()} if examples else set()
    expect(names == set(examples), 'examplesdir holds the examples, and nothing else')
    for name in sorted(names):
        run(Path(directory) / name, '--help', LD_LIBRARY_PATH=str(libdir))
    return libdir


def check_package():
    run(os.environ['PKG_CONFIG'], '--validate', 'seqecho')
    expect(pkg_config('--modversion') == [version], 'pkg-config knows the version')
    if libraries != 'static':
        expect(all('blas' not in flag for flag in pkg_config('--libs')),
               'users of the shared library do not link the BLAS')


def consumer(compiler, name, tmp, libdir, *flags):
    """Compile one file in one command, run it, and look at what it prints."""
    program = tmp / f'{name}-{len(list(tmp.iterdir()))}'
    run(*shlex.split(compiler), here / name, '-o', program, *flags)
    output = run(program, LD_LIBRARY_PATH=str(libdir))
    expect(re.fullmatch(rf'seqecho {re.escape(version)}: loss \d+\.\d{{4}}\n', output),
           f'{name} runs: {output.strip()}')
    return program


def check_shared(tmp, libdir):
    program = consumer(os.environ['CC'], 'consumer.c', tmp, libdir,
                       *pkg_config('--cflags', '--libs'))
    expect('[libseqecho.so.0]' in run('readelf', '-dW', program),
           'consumer.c needs libseqecho.so.0')
    if os.environ['CXX']:
        for standard in ('c++98', 'c++17'):
            consumer(os.environ['CXX'], 'consumer.cpp', tmp, libdir, f'-std={standard}',
                     *pkg_config('--cflags', '--libs'))


def check_static(tmp, libdir):
    """Once with our archive and everything else shared, once with nothing shared."""
    flags = pkg_config('--static', '--cflags', '--libs')
    ours = ['-l:libseqecho.a' if flag == '-lseqecho' else flag for flag in flags]
    program = consumer(os.environ['CC'], 'consumer.c', tmp, libdir, *ours)
    expect('libseqecho' not in run('readelf', '-dW', program), 'libseqecho.a is inside')
    program = consumer(os.environ['CC'], 'consumer.c', tmp, libdir, '-static', *flags)
    expect('NEEDED' not in run('readelf', '-dW', program), 'everything is inside')


def check_subproject(tmp):
    project = tmp / 'project'
    (project / 'subprojects').mkdir(parents=True)
    (project / 'subprojects/seqecho').symlink_to(source)
    shutil.copy(here / 'consumer.c', project)
    shutil.copy(here / 'subproject/meson.build', project)
    # Not the library just installed, and without optimization: it builds much faster.
    environment = {'PKG_CONFIG_PATH': '', 'PKG_CONFIG_LIBDIR': pkg_config_default()}
    meson = os.environ['MESON']
    run(meson, 'setup', '--buildtype=debug', '--wrap-mode=forcefallback', tmp / 'build',
        project, **environment)
    run(meson, 'compile', '-C', tmp / 'build', **environment)
    expect('1/1 consumer' in run(meson, 'test', '-C', tmp / 'build', **environment),
           'a meson project builds with seqecho as its subproject')


def pkg_config_default():
    return run(os.environ['PKG_CONFIG'], '--variable=pc_path', 'pkg-config').strip()


with tempfile.TemporaryDirectory(prefix='seqecho-install-') as directory:
    tmp = Path(directory).resolve()
    root = installed(tmp / 'destination')
    libdir = check_files(root)
    check_package()
    programs = tmp / 'programs'
    programs.mkdir()
    if libraries != 'static':
        check_shared(programs, libdir)
    if libraries != 'shared':
        check_static(programs, libdir)
    check_subproject(tmp)
