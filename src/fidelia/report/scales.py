"""From numbers to places on paper: linear scales, round ticks and SVG paths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of ``[low, high]`` onto ``[start, end]`` in user units of the drawing.

    Examples
    --------
    >>> Scale(0, 1, 100, 0)(0.25)
    75.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of `value`, to a tenth of a unit."""
        width = self.high - self.low
        share = (value - self.low) / width if width else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def held(self, value: float) -> float:
        """Return the place of `value`, held inside the scale."""
        return self(min(max(value, self.low), self.high))


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Return round numbers between `low` and `high`, some `about` of them.

    Examples
    --------
    >>> ticks(0, 1), ticks(0.93, 0.99, 3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.94, 0.96, 0.98])
    """
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.8)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def line(points: Iterable[Point]) -> str:
    """Return the path through `points`."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def area(lower: Sequence[Point], upper: Sequence[Point]) -> str:
    """Return the closed path between two lines."""
    return line([*lower, *reversed(upper)]) + "Z"


def steps(edges: Sequence[float], heights: Sequence[float], base: float, *, closed: bool) -> str:
    """Return the outline of a histogram whose bins lie between `edges`, standing on `base`."""
    path = f"M{edges[0]:g} {base:g}" + "".join(
        f"V{height:g}H{right:g}" for height, right in zip(heights, edges[1:], strict=True)
    )
    return path + (f"V{base:g}Z" if closed else f"V{base:g}")


def squares(cells: Iterable[tuple[float, float]], width: float, height: float) -> str:
    """Return one path of rectangles of one size, given their upper left corners."""
    return "".join(f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z" for x, y in cells)


def dots(points: Iterable[Point]) -> str:
    """Return a path of points, which a round line cap draws as dots."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in points)


def circle(x: float, y: float, radius: float) -> str:
    """Return the path of a circle."""
    half = f"a{radius:g} {radius:g} 0 1 1"
    return f"M{x - radius:g} {y:g}{half} {2 * radius:g} 0{half} {-2 * radius:g} 0"


def arc(x: float, y: float, radius: float, share: float) -> str:
    """Return the part of a circle that a share of it is, clockwise from the top.

    Examples
    --------
    >>> arc(10, 10, 5, 0.25)
    'M10 5A5 5 0 0 1 15 10'
    """
    if share >= 1:
        return circle(x, y, radius)
    angle = 2 * math.pi * max(share, 0.0)
    ends = round(x + radius * math.sin(angle), 2), round(y - radius * math.cos(angle), 2)
    return f"M{x:g} {y - radius:g}A{radius:g} {radius:g} 0 {int(share > 0.5)} 1 {ends[0]:g} {ends[1]:g}"
