# plot.py - the pictures of docs/benchmarks.md.
# SPDX-License-Identifier: MIT
import re

import peers
import rows

try:
    import matplotlib
    matplotlib.use('svg')
    from matplotlib import pyplot
except ImportError as error:
    raise peers.Failure('the pictures need matplotlib (Debian: python3-matplotlib): '
                        'run --write with a python3 that has it') from error

COLOURS = {'seqecho': '#0b6e4f', 'onednn': '#d1495b', 'kann': '#edae49',
           'torch': '#30638e', 'libtorch': '#7a9cc6', 'ort': '#8d6a9f',
           'rtneural': '#a44200', 'floor': '#999999'}
NAMES = {'seqecho': 'this library', 'onednn': 'oneDNN', 'kann': 'KANN', 'torch': 'PyTorch',
         'libtorch': 'libtorch', 'ort': 'ONNX Runtime', 'rtneural': 'RTNeural, compiled',
         'floor': 'floor'}
matplotlib.rcParams.update({
    'svg.hashsalt': 'seqecho', 'svg.fonttype': 'none', 'font.size': 9,
    'font.family': 'sans-serif', 'axes.spines.top': False, 'axes.spines.right': False})


def save(figure, path):
    """The same data give the same bytes."""
    figure.tight_layout()
    figure.savefig(path, format='svg', metadata={'Date': None, 'Creator': None})
    pyplot.close(figure)
    text = path.read_text(encoding='utf-8')
    path.write_text(re.sub(r'[ \t]+$', '', text, flags=re.M), encoding='utf-8')


def lines(axes, results, points, sizes, title):
    """Milliseconds a batch over one of the sizes, both logarithmic."""
    series = {'floor': [results.ours(p, 'floor_ms') for p in points]}
    for name in ('torch', 'kann', 'onednn', 'seqecho'):
        series[name] = [results.time(p, name) for p in points]
    for name, values in series.items():
        known = [(s, v) for s, v in zip(sizes, values) if v is not None]
        if known:
            axes.plot(*zip(*known), marker='' if name == 'floor' else 'o', markersize=3,
                      linestyle='--' if name == 'floor' else '-', color=COLOURS[name],
                      label=NAMES[name])
    axes.set(xscale='log', yscale='log', title=title, ylabel='ms a batch')
    axes.set_xticks(sizes, [str(s) for s in sizes])
    axes.minorticks_off()


def threads(axes, results):
    """By how much two threads are faster, over the units."""
    for name in ('onednn', 'seqecho'):
        known = []
        for point in rows.sizes(2):
            gain = results.quotient(rows.single(point), name, point, name)
            if gain is not None:
                known.append((point.units, gain))
        if known:
            axes.plot(*zip(*known), marker='o', markersize=3, color=COLOURS[name],
                      label=NAMES[name])
    axes.axhline(1, color=COLOURS['floor'], linewidth=0.8)
    axes.axhline(2, color=COLOURS['floor'], linewidth=0.8, linestyle='--')
    axes.set(xscale='log', ylim=(0, 2.2), title='two threads over one, T 50, B 64')
    axes.set_xticks(rows.TRAIN_UNITS, [str(u) for u in rows.TRAIN_UNITS])
    axes.minorticks_off()


def draw_growth(results, path):
    figure, axes = pyplot.subplots(2, 2, figsize=(8, 6))
    lines(axes[0][0], results, rows.sizes(), rows.TRAIN_UNITS, 'units H: T 50, B 64')
    lines(axes[0][1], results, [rows.train(256, t) for t in rows.GROWTH_STEPS],
          rows.GROWTH_STEPS, 'steps T: H 256, B 64')
    lines(axes[1][0], results, [rows.train(256, 50, b) for b in rows.GROWTH_BATCH],
          rows.GROWTH_BATCH, 'rows B: H 256, T 50')
    threads(axes[1][1], results)
    handles, labels = axes[0][0].get_legend_handles_labels()
    if handles:
        axes[0][0].legend(handles, labels, frameon=False)
    save(figure, path)


def draw_peers(results, path):
    """How many times as long as this library each peer takes, at one point of each row."""
    shown = [(rows.seq2seq(), ''), (rows.encoder_decoder(), ''),
             *[(p, 'train ') for p in rows.sizes()],
             *[(p, 'step ') for p in rows.points(1) if p.row == 'W4'],
             *[(p, 'infer ') for p in rows.points(1) if p.row == 'W5']]
    figure, axes = pyplot.subplots(figsize=(8, 0.27 * len(shown) + 1))
    for name in ('torch', 'libtorch', 'kann', 'ort', 'onednn', 'rtneural'):
        known = []
        for height, (point, _) in enumerate(shown):
            ratio = (rows.templates(results, point) if name == 'rtneural'
                     else results.ratio(point, name))
            if ratio is not None:
                known.append((ratio, height))
        if known:
            axes.plot(*zip(*known), 'o', color=COLOURS[name], label=NAMES[name])
    axes.axvline(1, color=COLOURS['seqecho'], label=NAMES['seqecho'])
    axes.set_yticks(range(len(shown)), [f'{kind}{point}' for point, kind in shown])
    axes.set(xscale='log', xlabel='times as long as this library takes')
    axes.xaxis.set_major_formatter('{x:g}')
    axes.invert_yaxis()
    axes.grid(axis='y', linewidth=0.3)
    axes.legend(frameon=False, loc='center left', bbox_to_anchor=(1, 0.5))
    save(figure, path)


def draw(results, directory):
    draw_growth(results, directory / 'growth.svg')
    draw_peers(results, directory / 'peers.svg')
