"""Curves as SVG: what a reader without JavaScript sees, in the colours and at the size of those with it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 44
TICKS = 5
COLOURS = 8  # of the style sheet: .line0 to .line7


def svg(entry: Mapping[str, Any]) -> Markup:
    """An entry of pictures.json with `lines`, as a picture with axes; the legend is the page's."""
    x_ticks = ticks([value for line in entry["lines"] for value in line["x"]])
    y_ticks = ticks([value for line in entry["lines"] for value in line["y"]])
    parts = [_x_axis(x_ticks, entry["x_label"]), _y_axis(y_ticks, entry["y_label"])]
    for place, line in enumerate(entry["lines"]):
        points = " ".join(
            f"{_across(x, x_ticks):.1f},{_down(y, y_ticks):.1f}" for x, y in zip(line["x"], line["y"], strict=True)
        )
        name = escape(line["name"])
        parts.append(f'<polyline class="line{place % COLOURS}" points="{points}"><title>{name}</title></polyline>')
    label = escape(f"{entry['title']}: {entry['y_label']} over {entry['x_label']}")
    inside = "".join(parts)
    return Markup(f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{inside}</svg>')


def ticks(values: Sequence[float]) -> list[float]:
    """Round numbers that span the values."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _across(x: float, marks: Sequence[float]) -> float:
    return LEFT + (x - marks[0]) / (marks[-1] - marks[0]) * (WIDTH - LEFT - RIGHT)


def _down(y: float, marks: Sequence[float]) -> float:
    return HEIGHT - BOTTOM - (y - marks[0]) / (marks[-1] - marks[0]) * (HEIGHT - TOP - BOTTOM)


def _x_axis(marks: Sequence[float], label: str) -> str:
    base = HEIGHT - BOTTOM
    lines = "".join(f'<path class="grid" d="M{_across(m, marks):.1f} {TOP}V{base}"/>' for m in marks)
    texts = "".join(f'<text x="{_across(m, marks):.1f}" y="{base + 16}" class="middle">{m:g}</text>' for m in marks)
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'{lines}{texts}<text x="{middle}" y="{HEIGHT - 6}" class="middle name">{escape(label)}</text>'


def _y_axis(marks: Sequence[float], label: str) -> str:
    lines = "".join(f'<path class="grid" d="M{LEFT} {_down(m, marks):.1f}H{WIDTH - RIGHT}"/>' for m in marks)
    texts = "".join(f'<text x="{LEFT - 6}" y="{_down(m, marks) + 4:.1f}" class="end">{m:g}</text>' for m in marks)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 14 {middle})"'
    return f'{lines}{texts}<text x="14" y="{middle}" class="middle name" {turned}>{escape(label)}</text>'
