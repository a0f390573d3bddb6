# page.py - turns the results of compare.py into docs/benchmarks.md.
# SPDX-License-Identifier: MIT
#
# What people write stands in benchmarks.md.in. A line @name@ there is replaced by the table
# of that name, one of TABLES; the comment at its head is left out.
import math
import re

import rows

LABELS = {'seqecho': 'this library', 'onednn': 'oneDNN', 'torch': 'PyTorch',
          'libtorch': 'libtorch', 'kann': 'KANN', 'ort': 'ONNX Runtime',
          'rtneural-eigen': 'RTNeural, compiled, Eigen',
          'rtneural-xsimd': 'RTNeural, compiled, xsimd',
          'rtneural-dynamic': 'RTNeural, run-time'}
NOT_MEASURED = '-'
# Rows whose profile is shown, beside those of the tutorial's programs.
PROFILED = [rows.train(256), rows.train(1024), rows.step(64, 16), rows.infer(256)]

MACHINE = ['processor', 'processors', 'caches', 'system', 'compiler', 'python']


def label(name):
    return LABELS.get(name, name.replace('seqecho ', 'this library, '))


def significant(value, digits=3):
    """0.0123, 1.23, 12.3, 123: never an exponent."""
    if value == 0:
        return '0'
    digits_before = math.floor(math.log10(abs(float(f'{value:.{digits - 1}e}')))) + 1
    return f'{value:.{max(0, digits - digits_before)}f}'


def time(milliseconds):
    if milliseconds is None:
        return NOT_MEASURED
    for unit, size in (('s', 1e3), ('ms', 1), ('µs', 1e-3)):
        if milliseconds >= size:
            return f'{significant(milliseconds / size)} {unit}'
    return f'{significant(milliseconds * 1e6)} ns'


def times_as(value, unit='x'):
    """A figure with its unit, or a share in per cent where it has none."""
    if value is None:
        return NOT_MEASURED
    if unit == 'x':
        return f'{value:.2f} x' if value < 10 else f'{value:.1f} x'
    return f'{100 * value:.0f} %' if unit == '' else f'{significant(value)} {unit}'


def table(heads, lines):
    out = ['| ' + ' | '.join(heads) + ' |', '| ' + ' | '.join('---' for _ in heads) + ' |']
    return '\n'.join(out + ['| ' + ' | '.join(line) + ' |' for line in lines])


def goal_line(goal, results):
    bound = goal.least if goal.least is not None else goal.most
    sign = '>=' if goal.least is not None else '<='
    asked = f'{sign} {bound:g} {goal.unit}' if goal.unit else f'{sign} {100 * bound:g} %'
    judged = goal.judge(results)
    if judged is None:
        return [goal.row, goal.what, asked, 'not measured', '']
    figure, point, count = judged
    found = times_as(figure, goal.unit)
    if count > 1:
        found += f' (the worst of {count}: {point.row} {point})'
    return [goal.row, goal.what, asked, found, goal.verdict(figure)]


def goals(results):
    lines = [goal_line(goal, results) for goal in rows.goals(results.variants())]
    return table(['row', 'this library against', 'goal', 'found', ''], lines)


def contest(points, what):
    """Times of this library and the peers, and by how much each peer is slower."""
    def render(results):
        names = rows.PEERS[points[0].row]
        heads = [what, label('seqecho'), *map(label, names), 'of the floor']
        lines = []
        for point in points:
            cells = [time(results.time(point, 'seqecho'))]
            for name in names:
                cell = time(results.time(point, name))
                ratio = results.ratio(point, name)
                cells.append(cell if ratio is None else f'{cell} ({times_as(ratio)})')
            floor = times_as(results.ours(point, 'share_of_floor'), '')
            lines.append([str(point), *cells, floor])
        return table(heads, lines)
    return render


def threads(results):
    heads = ['work', 'one thread', 'two threads', 'speed-up', 'threads used',
             'oneDNN, two threads', 'oneDNN against this library']
    lines = []
    for point in rows.points(2):
        if point.row == 'W4':
            continue
        one = rows.single(point)
        used = results.ours(point, 'threads_used')
        name = str(point) if point.demo else f'{point.workload}, {point}'
        lines.append([name, time(results.time(one, 'seqecho')),
                      time(results.time(point, 'seqecho')),
                      times_as(rows.speed_up(results, point)),
                      NOT_MEASURED if used is None else f'{used:.0f}',
                      time(results.time(point, 'onednn')),
                      times_as(results.ratio(point, 'onednn'))])
    return table(heads, lines)


def kernels(results):
    """Times of the other kernels, with the closer of KANN and PyTorch in brackets."""
    variants = results.variants()
    lines = []
    for point in filter(rows.in_full, rows.points(1)):
        cells = [time(results.time(point, 'seqecho'))]
        for name in variants:
            cell = time(results.time(point, name))
            ratio = rows.closest_peer(name, rows.limited(name))(results, point)
            cells.append(cell if ratio is None else f'{cell} ({times_as(ratio)})')
        lines.append([point.row if point.demo else f'{point.row} {point}', *cells])
    return table(['work', *map(label, ['seqecho', *variants])], lines)


def small(results):
    facts = [('`echo_seq2seq --quiet`, the whole process', 'seq2seq_seconds', 's'),
             ('`echo_encoder_decoder --quiet`, the whole process',
              'encoder_decoder_seconds', 's'),
             ('peak memory of `echo_seq2seq`', 'seq2seq_mb', 'MB'),
             ('peak memory of `echo_encoder_decoder`', 'encoder_decoder_mb', 'MB'),
             ('the shared library, stripped', 'library_kb', 'kB')]
    return table(['', 'found'], [[what, times_as(results.fact(name), unit)]
                                 for what, name, unit in facts])


def profile(results):
    lines = []
    for point in rows.points(1):
        found = results.data['profile'].get(point.key)
        if found and (point in PROFILED or point.demo):
            lines.append([f'{point.row} {point}', ', '.join(
                f'`{name}` {100 * share:.0f} %' for name, share in found if share >= 0.01)])
    return table(['work', 'functions by their share of the time'], lines)


def machine(results):
    facts = results.data['machine']
    lines = [[key, str(facts[key])] for key in MACHINE if key in facts]
    for name, version in sorted(results.data['versions'].items()):
        if ' ' in name:  # the same program with other kernels
            continue
        lines.append([label(name), version])
    return table(['', ''], lines)


TABLES = {
    'goals': goals,
    'seq2seq': contest([rows.seq2seq()], 'a batch of'),
    'encoder_decoder': contest([rows.encoder_decoder()], 'a batch of'),
    'train': contest(rows.sizes(), 'a step of'),
    'growth': contest(rows.growth(), 'a step of'),
    'step': contest([p for p in rows.points(1) if p.row == 'W4'], 'one step of'),
    'infer': contest([p for p in rows.points(1) if p.row == 'W5'], 'a batch of'),
    'threads': threads, 'kernels': kernels, 'small': small, 'profile': profile,
    'machine': machine,
}


def fill(template, results):
    text = re.sub(r'\A<!--.*?-->\s*', '', template, flags=re.S)
    return re.sub(r'^@(\w+)@$', lambda m: TABLES[m.group(1)](results), text, flags=re.M)


def need_pictures():
    """What draws them needs matplotlib, which nothing else here does."""
    import plot
    return plot


def write(results, root):
    template = root / 'tests' / 'bench' / 'benchmarks.md.in'
    images = root / 'docs' / 'images'
    images.mkdir(exist_ok=True)
    need_pictures().draw(results, images)
    page = fill(template.read_text(encoding='utf-8'), results)
    (root / 'docs' / 'benchmarks.md').write_text(page, encoding='utf-8')
