# complete.py - writes the completions of a shell for the example programs, from what they
# say of themselves.
# SPDX-License-Identifier: MIT
#
# usage: complete.py bash|zsh|fish OUTPUT NAME=PROGRAM...
#
# PROGRAM is built, and called NAME where it is installed.
import re
import subprocess
import sys

HEAD = """# {shell} - completions of the example programs of libseqecho.
# SPDX-License-Identifier: MIT
"""


class Option:
    """One that --help lists: what it takes ('N', 'FILE', 'DIR' or ''), and its meaning."""

    def __init__(self, name, value, meaning):
        self.name, self.value = name, value
        self.meaning = meaning


def say(program, option):
    return subprocess.run([program, option], stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout


def options_of(program):
    text = say(program, '--help').partition('\nExamples:')[0]
    text = re.sub(r'\n {4,}', ' ', text)  # what is gone on with
    return [Option(*found) for found in
            re.findall(r'^  --([\w-]+) +(?:(N|FILE|DIR)  )? *(.*)$', text, re.M)]


def words_of(program, options):
    """What it takes beside options."""
    if 'list' not in [option.name for option in options]:
        return []
    return list(dict.fromkeys(say(program, '--list').split())) + ['all']


# ---- bash -------------------------------------------------------------------------------

def bash(programs):
    yield HEAD.format(shell='seqecho.bash')
    yield """
_seqecho_echo()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words

    # Of --option=value bash makes three words.
    [[ $word == = ]] && word=
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    COMPREPLY=()
    case $before in
"""
    everything = [option for _, options, _ in programs for option in options]
    for value, action in ('FILE', 'compgen -f'), ('DIR', 'compgen -d'), ('N', None):
        names = sorted({f'--{option.name}' for option in everything
                        if option.value == value})
        yield f'    {" | ".join(names)})\n'
        if action:
            yield ('        compopt -o filenames\n'
                   f'        mapfile -t COMPREPLY < <({action} -- "$word")\n')
        yield '        return\n        ;;\n'
    yield '    esac\n    case ${1##*/} in\n'
    for name, options, words in programs:
        listed = ' '.join([f'--{option.name}' for option in options] + words)
        yield f'    {name})\n        words=\'{listed}\'\n        ;;\n'
    yield """    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
"""
    for name, _, _ in programs:
        yield f'complete -F _seqecho_echo {name}\n'


# ---- zsh --------------------------------------------------------------------------------

def zsh_option(option):
    meaning = re.sub(r'([\\:\[\]])', r'\\\1', option.meaning).replace("'", "'\\''")
    if option.value:
        action = {'N': ':number: ', 'FILE': ':file:_files', 'DIR': ':directory:_files -/'}
        return f"'--{option.name}=[{meaning}]{action[option.value]}'"
    return f"'--{option.name}[{meaning}]'"


def zsh(programs):
    yield '#compdef ' + ' '.join(name for name, _, _ in programs) + '\n'
    yield HEAD.format(shell='_seqecho')
    yield '\ncase $service in\n'
    for name, options, words in programs:
        yield f'{name})\n    _arguments'
        for option in options:
            yield f' \\\n        {zsh_option(option)}'
        if words:
            yield f" \\\n        '*:network:({' '.join(words)})'"
        yield '\n    ;;\n'
    yield 'esac\n'


# ---- fish -------------------------------------------------------------------------------

def fish_quote(text):
    return "'" + re.sub(r"([\\'])", r'\\\1', text) + "'"


def fish(programs):
    yield HEAD.format(shell='seqecho.fish')
    for name, options, words in programs:
        yield f'\ncomplete -c {name} -f\n'
        if words:
            yield f"complete -c {name} -a '{' '.join(words)}'\n"
        for option in options:
            takes = {'N': ' -x', 'FILE': ' -r -F',
                     'DIR': " -x -a '(__fish_complete_directories)'", '': ''}[option.value]
            yield (f'complete -c {name} -l {option.name}{takes} '
                   f'-d {fish_quote(option.meaning)}\n')


def main():
    shell, output, *pairs = sys.argv[1:]
    programs = []
    for pair in pairs:
        name, _, program = pair.partition('=')
        options = options_of(program)
        programs.append((name, options, words_of(program, options)))
    with open(output, 'w', encoding='utf-8') as file:
        file.writelines({'bash': bash, 'zsh': zsh, 'fish': fish}[shell](programs))


main()
