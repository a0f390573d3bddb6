# comma.py - runs a program where a locale with a decimal comma can be had.
# SPDX-License-Identifier: MIT
#
# usage: comma.py PROGRAM [ARGUMENT...]
#
# The locale is compiled into a directory of its own; the exit status is 77, that of a test
# that is skipped, if the system has not got what that takes.
import os
import shutil
import subprocess
import sys
import tempfile

if shutil.which('localedef') is None or not os.path.exists('/usr/share/i18n/locales/de_DE'):
    print('no localedef, or no source of de_DE: install the package locales')
    sys.exit(77)
with tempfile.TemporaryDirectory() as directory:
    made = subprocess.run(['localedef', '-i', 'de_DE', '-f', 'UTF-8',
                           os.path.join(directory, 'de_DE.UTF-8')], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if made.returncode > 1:  # 1 is a warning
        print('localedef failed')
        sys.exit(77)
    program = subprocess.run([os.path.abspath(sys.argv[1])] + sys.argv[2:], check=False,
                             cwd=directory,
                             env={**os.environ, 'LOCPATH': directory})
sys.exit(program.returncode)
