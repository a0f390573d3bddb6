# results.py - the measurements of compare.py: kept, stored and asked for ratios.
# SPDX-License-Identifier: MIT
import json
import statistics


class Results:
    """For every point the times of every contestant, one a round, in milliseconds.

    The same round is the same minute: ratios are taken within a round, and the median of
    them is what counts."""

    def __init__(self, data=None):
        self.data = data or {'machine': {}, 'versions': {}, 'facts': {}, 'profile': {},
                             'times': {}, 'bench': {}}

    @classmethod
    def load(cls, path):
        return cls(json.loads(path.read_text(encoding='utf-8')))

    def store(self, path):
        path.write_text(json.dumps(self.data, indent=1, sort_keys=True) + '\n',
                        encoding='utf-8')

    def add(self, point, name, round_number, line):
        """A line of a contestant's output; our own have more to tell than the time."""
        times = self.data['times'].setdefault(point.key, {}).setdefault(name, {})
        times[str(round_number)] = line['median_ms']
        if name.startswith('seqecho'):
            kept = self.data['bench'].setdefault(point.key, {}).setdefault(name, {})
            for key in ('share_of_floor', 'share_of_peak', 'gflops', 'floor_ms',
                        'peak_gflops', 'bytes_allocated', 'threads_used'):
                kept.setdefault(key, []).append(line[key])

    def rounds(self, point, name):
        return self.data['times'].get(point.key, {}).get(name, {})

    def time(self, point, name):
        times = self.rounds(point, name)
        return statistics.median(times.values()) if times else None

    def quotient(self, point, name, other_point, other_name):
        """How many times as long the first takes as the second: median over rounds."""
        a, b = self.rounds(point, name), self.rounds(other_point, other_name)
        common = a.keys() & b.keys()
        return statistics.median(a[r] / b[r] for r in common) if common else None

    def ratio(self, point, peer, ours='seqecho'):
        return self.quotient(point, peer, point, ours)

    def ours(self, point, key, name='seqecho'):
        """A figure of our own program. Bytes: the most, all else: the median."""
        values = self.data['bench'].get(point.key, {}).get(name, {}).get(key)
        if not values:
            return None
        return max(values) if key == 'bytes_allocated' else statistics.median(values)

    def fact(self, name):
        return self.data['facts'].get(name)

    def variants(self):
        """Our other builds and kernels that were measured."""
        names = {n for row in self.data['times'].values() for n in row}
        return sorted(n for n in names if n.startswith('seqecho '))
