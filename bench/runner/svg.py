# SPDX-License-Identifier: Apache-2.0
"""Line charts as SVG, one above the other: as much of a plotting library as docs/ needs."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 240  # of one chart
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 42
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#7f7f7f")


class Chart:
    """`lines`: {name: [(x, y), ...]}; `bands`: [(from, to, name)] along x; `log`: y in powers of 10."""

    def __init__(self, title, x, y, lines, bands=(), log=False):
        self.title, self.x, self.y, self.lines, self.bands, self.log = title, x, y, lines, bands, log

    def draw(self, top):
        points = [point for line in self.lines.values() for point in line]
        low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
        low_y, high_y = (_decades if self.log else _from_zero)([y for _, y in points])
        scale = math.log10 if self.log else float

        def at(x, y):
            share = (scale(max(y, low_y)) - scale(low_y)) / (scale(high_y) - scale(low_y))
            return (LEFT + (x - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT),
                    top + HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))

        out = [_text(LEFT, top + 14, self.title, "start", "bold")]
        for begin, end, name in self.bands:
            (x1, y1), (x2, y2) = at(begin, high_y), at(end, low_y)
            out.append(f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" '
                       f'height="{y2 - y1:.1f}" fill="#f3e9d8"/>')
            out.append(_text((x1 + x2) / 2, y1 + 12, name))
        for y in (_powers(low_y, high_y) if self.log else _steps(high_y)):
            x1, height = at(low_x, y)
            out.append(f'<path d="M{x1:.1f} {height:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
            out.append(_text(x1 - 6, height + 4, f"{y:g}", "end"))
        for x in _steps(high_x):
            if x >= low_x:
                out.append(_text(at(x, low_y)[0], top + HEIGHT - BOTTOM + 16, f"{x:g}"))
        out.append(_text((LEFT + WIDTH) / 2, top + HEIGHT - 8, self.x))
        out.append(_text(WIDTH - RIGHT, top + 14, self.y, "end"))
        for index, (name, line) in enumerate(self.lines.items()):
            path = "M" + "L".join("{:.1f} {:.1f}".format(*at(x, y)) for x, y in line)
            colour = COLOURS[index]
            out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            out.append(_text(LEFT + 10 + 190 * index, top + TOP - 4, "— " + name, "start", colour=colour))
        return "\n".join(out)


def page(charts):
    height = HEIGHT * len(charts)
    drawn = "\n".join(chart.draw(HEIGHT * i) for i, chart in enumerate(charts))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" '
            f'fill="white"/>\n{drawn}\n</svg>\n')


def _text(x, y, text, anchor="middle", weight="normal", colour="#333"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{colour}">{escape(text)}</text>')


def _from_zero(values):
    return 0, max(values) * 1.1 or 1


def _decades(values):
    low, high = 1e-3, 1e-3
    while low * 10 <= min(v for v in values if v > 0):
        low *= 10
    while high < max(values):
        high *= 10
    return low, high


def _powers(low, high):
    found = []
    while low <= high * 1.001:
        found.append(low)
        low *= 10
    return found


def _steps(high):
    """About five round numbers, up to `high`."""
    size = 1e-3
    while high / size > 6:
        size *= 2 if f"{size:e}"[0] in "15" else 2.5
    return [size * i for i in range(int(high / size) + 1)]
