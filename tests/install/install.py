# install.py - installs into an empty directory, and uses what is there as strangers do.
# SPDX-License-Identifier: MIT
#
# usage: install.py SOURCE_ROOT BUILD_ROOT PREFIX VERSION LIBRARIES [TOOL...]
#
# LIBRARIES is the value of default_library.  CC, CXX, MESON, PKG_CONFIG, MAKE and CMAKE
# come from the environment; CXX, MAKE and CMAKE may be empty.  Programs see no flag of ours
# but those of pkg-config and of the CMake package.
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
tools = sys.argv[6:]
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
    for cmake in root.rglob('*.cmake'):
        text = cmake.read_text(encoding='utf-8')
        expect(all(str(path) not in text for path in (destination, source, build, prefix)),
               f'{cmake.name} names no directory')
    return root


def pkg_config(*arguments):
    return shlex.split(run(os.environ['PKG_CONFIG'], *arguments, 'seqecho'))


def check_files(root):
    headers = {p.name.replace('.h.in', '.h') for p in (source / 'include/seqecho').iterdir()
               if p.suffix in ('.h', '.hpp', '.in')} | {'cpp'}
    expect({p.name for p in (root / 'include/seqecho').iterdir()} == headers,
           'every public header is installed, and no other')
    expect({p.name for p in (root / 'include/seqecho/cpp').iterdir()}
           == {p.name for p in (source / 'include/seqecho/cpp').iterdir()},
           'and so are the parts of the wrapper')
    [pc] = pkg_config('--variable=libdir')
    libdir = Path(pc)
    if libraries != 'static':
        library = libdir / f'libseqecho.so.{version}'
        expect(library.is_file() and not library.is_symlink(), f'{library.name} is a file')
        for link in ('libseqecho.so', 'libseqecho.so.0'):
            expect((libdir / link).resolve() == library.resolve(), f'{link} leads to it')
        dynamic = run('readelf', '-dW', library)
        expect('RUNPATH' not in dynamic and 'RPATH' not in dynamic, 'it has no RUNPATH')
    names = {p.name for p in (root / 'bin').iterdir()} if tools else set()
    expect(names == set(tools), 'the programs are installed, and nothing else')
    for name in sorted(names):
        output = run(root / 'bin' / name, '--help', LD_LIBRARY_PATH=str(libdir))
        expect(output.startswith('Usage: '), f'{name} tells of itself')
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


def check_example(program, libdir):
    """One that needs the library, for a moment."""
    output = run(program, '--epochs', '1', '--eval', '1', '--quiet',
                 LD_LIBRARY_PATH=str(libdir))
    expect('accuracy on 1 fresh sequence' in output,
           f'{program.name} of {program.parent} runs')


def examples_copy(directory):
    """The sources as they were installed, where a user may write."""
    [installed_there] = pkg_config('--variable=examplesdir')
    shutil.copytree(installed_there, directory)
    expect({p.name for p in (source / 'examples').glob('*.[ch]')}
           == {p.name for p in directory.glob('*.[ch]')},
           'every source of an example is there')
    return directory


def check_make(tmp, libdir):
    directory = examples_copy(tmp / 'make')
    make = (os.environ['MAKE'], '--silent', '-j2', '-C', directory,
            'CFLAGS=-O0 -Wall -Werror')
    if libraries != 'static':
        run(*make)
        programs = list(directory.glob('*_*.c'))
        expect(all(p.with_suffix('').is_file() for p in programs) and len(programs) > 10,
               'make makes them all')
        check_example(directory / 'echo_seq2seq', libdir)
        run(*make, 'clean')
    if libraries != 'shared':
        run(*make, 'STATIC=1', 'echo_seq2seq')
        check_example(directory / 'echo_seq2seq', '/nowhere')


def check_meson(tmp, libdir):
    directory = examples_copy(tmp / 'meson')
    meson = os.environ['MESON']
    run(meson, 'setup', '--buildtype=debug', '--wrap-mode=nofallback', directory / 'build',
        directory)
    run(meson, 'compile', '-C', directory / 'build', 'echo_seq2seq')
    check_example(directory / 'build/echo_seq2seq', libdir)


def cmake_build(directory, build_directory, *options, target='all'):
    cmake = os.environ['CMAKE']
    output = run(cmake, '-G', 'Ninja', '-S', directory, '-B', build_directory, *options)
    run(cmake, '--build', build_directory, '--target', target)
    return output


def check_cmake(tmp, root, libdir):
    """Found below a prefix, in C and C++, static and not, and the examples with it."""
    where = f'-DCMAKE_PREFIX_PATH={root}'
    directory = tmp / 'cmake'
    if os.environ['CXX']:
        output = cmake_build(here / 'cmake', directory, where,
                             f'-DSEQECHO_ASKED={version}')
        expect(f'seqecho {version} in {root}' in output,
               'CMake finds the installed version')
        for name in 'consumer-c', 'consumer-cpp', 'consumer-static':
            if name == 'consumer-static' and libraries == 'shared':
                continue
            output = run(directory / name, LD_LIBRARY_PATH=str(libdir))
            expect(output.startswith(f'seqecho {version}: loss '), f'{name} of CMake runs')
        for asked in '99', '1.0', '0.99':
            refused = subprocess.run(
                [os.environ['CMAKE'], '-G', 'Ninja', '-S', here / 'cmake',
                 '-B', tmp / 'other', where, f'-DSEQECHO_ASKED={asked}'],
                capture_output=True, check=False)
            expect(refused.returncode != 0, f'CMake does not take it for {asked}')
    examples = examples_copy(tmp / 'cmake-examples')
    cmake_build(examples, examples / 'build', where, target='echo_seq2seq')
    check_example(examples / 'build/echo_seq2seq', libdir)


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
    check_meson(tmp, libdir)
    if os.environ['MAKE']:
        check_make(tmp, libdir)
    if os.environ['CMAKE']:
        check_cmake(tmp, root, libdir)
    check_subproject(tmp)
