# compare.py - times the library beside its peers, in turns, and writes docs/benchmarks.md.
# SPDX-License-Identifier: MIT
#
#     python3 tests/bench/compare.py -C build                      everything that is there
#     python3 tests/bench/compare.py -C build --only W1,W4 --quick
#     python3 tests/bench/compare.py --from tests/bench/results.json --write
#
# Goes through all rows `--rounds` times. In each round the contestants of a row run one
# after the other, pinned to the same processors, each round in another order; what is
# reported are ratios within a round, and the median over the rounds.
import argparse
import os
import sys
from pathlib import Path

import facts
import page
import peers
import rows
from results import Results

ROOT = Path(__file__).resolve().parents[2]
HEAVY = 2e10  # operations of a batch of which three repetitions are enough


def parse():
    parser = argparse.ArgumentParser(
        description='Time the library beside its peers, in turns.', allow_abbrev=False)
    parser.add_argument('-C', dest='builddir', default='build',
                        help='the build directory, of a release build (default: build)')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--only', type=names(rows.ROWS),
                        help=f'rows: {", ".join(rows.ROWS)} (default: all)')
    everyone = sorted({p for row in rows.PEERS.values() for p in row})
    parser.add_argument('--peers', type=names(everyone), default=everyone,
                        help=f'of {", ".join(everyone)} (default: all that are there)')
    parser.add_argument('--program', action='append', default=[], metavar='PEER=FILE',
                        help="a peer's program, built elsewhere: it takes the options and "
                        'prints the line of tests/bench/peers/peer.h')
    parser.add_argument('--ort', metavar='DIRECTORY',
                        help='a release of ONNX Runtime, with include/ and lib/')
    parser.add_argument('--clang', metavar='DIRECTORY', help='a second build, by clang')
    parser.add_argument('--threads', type=int, default=2, choices=(1, 2),
                        help='most threads (default 2)')
    parser.add_argument('--cpu', type=int, default=0, help='first processor to use')
    parser.add_argument('--quick', action='store_true',
                        help='little of everything: to see that it works')
    parser.add_argument('--json', metavar='FILE', type=Path, help='keep the results there')
    parser.add_argument('--from', dest='stored', metavar='FILE', type=Path,
                        help='begin with stored results; measure only rows of --only')
    parser.add_argument('--write', action='store_true',
                        help='write docs/benchmarks.md and its pictures')
    args = parser.parse_args()
    for program in args.program:
        if '=' not in program:
            parser.error(f'--program: expected PEER=FILE, found {program}')
    if args.rounds < 1:
        parser.error('--rounds: at least 1')
    missing = set(range(args.cpu, args.cpu + args.threads)) - os.sched_getaffinity(0)
    if missing:
        parser.error(f'--cpu, --threads: no processor {min(missing)} may be used')
    if args.only is None:
        args.only = [] if args.stored else list(rows.ROWS)
    if args.quick:
        args.rounds = min(args.rounds, 2)
    return args


def names(allowed):
    def split(text):
        found = text.split(',')
        for name in found:
            if name not in allowed:
                raise argparse.ArgumentTypeError(
                    f'{name} is none of {", ".join(allowed)}')
        return found
    return split


def effort(point, quick):
    """Enough repetitions for a median, in tens of milliseconds where work is small."""
    if quick:
        return ['--reps', '3', '--seconds', '0.01']
    return ['--reps', '3' if point.products > HEAVY else '7', '--seconds', '0.04']


def chosen(args):
    """Points to measure; those of one and two threads follow each other."""
    threads = range(1, args.threads + 1)
    groups = zip(*(rows.points(n) for n in threads))
    found = [p for group in groups for p in group if p.row in args.only]
    return [p for p in found if not (args.quick and p.products > HEAVY / 2)]


def contestants(point, ours, found):
    theirs = [found[name] for name in point.peers() if name in found]
    if not rows.in_full(point):
        return [ours['seqecho'], *theirs]
    limited = [player.limited(name.split()[-1]) for name in ours if rows.limited(name)
               for player in theirs if player.name in rows.ALWAYS_BEHIND]
    return [*ours.values(), *theirs, *limited]


def measure(args, results):
    ours = peers.ours(args)
    wanted = {p for row in args.only for p in rows.PEERS.get(row, [])}
    found = peers.find([p for p in args.peers if p in wanted], args)
    planned = chosen(args)
    for point in planned:
        results.data['times'].pop(point.key, None)
        results.data['bench'].pop(point.key, None)
    results.data['machine'] = facts.machine()
    for number in range(args.rounds):
        for point in planned:
            print(f'round {number + 1} of {args.rounds}: {point.row} {point}, '
                  f'{point.threads} thread(s)', file=sys.stderr)
            turn(args, results, point, contestants(point, ours, found), number)
            if args.json:
                results.store(args.json)
    if 'small' in args.only:
        results.data['facts'].update(facts.whole_programs(args))
        results.data['facts'].update(facts.file_size(args))
    for point in planned:
        if point.threads == 1:
            results.data['profile'][point.key] = facts.profile(ours['seqecho'], point,
                                                               args.cpu)


def turn(args, results, point, players, number):
    """All contestants of a row once, beginning with another one each round."""
    first = number % len(players)
    order = players[first:] + players[:first]
    if number // len(players) % 2:
        order.reverse()
    for player in order:
        line = player.run([*point.options, *effort(point, args.quick)], point.threads,
                          args.cpu)
        if line is None:
            continue
        results.add(point, player.name, number, line)
        version = line.get('build_info', line['version']).split(';')[0]
        results.data['versions'][player.name] = version


def main():
    args = parse()
    try:
        if args.write:
            page.need_pictures()
        results = Results.load(args.stored) if args.stored else Results()
        if args.only:
            measure(args, results)
        if args.json:
            results.store(args.json)
        print(page.goals(results))
        if args.write:
            page.write(results, ROOT)
    except (peers.Failure, OSError) as failure:
        print(f'compare.py: {failure}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
