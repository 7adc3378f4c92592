"""Plan: what a run will do and cost, said before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from fidelia.data.images.imageset import picture_column, pictures

if TYPE_CHECKING:
    from fidelia.data.table import Table

# Seconds and bytes measured on two cores of 2023 (benchmarks/RESULTS.md): a guide, not a promise.
NEIGHBOURS_MOST = 50_000
FIT = {"trees": 1.0e-5, "chowliu": 3e-6, "copula": 3e-6, "marginals": 5e-7, "noisy-copy": 1e-7}
TRAIN = {"autoregressive": 280.0, "diffusion": 140.0, "ddgan": 260.0, "vae": 90.0, "gan": 240.0}
"""Of networks, whose steps bound the time: all steps on 39,000 rows x 15 columns."""
TRAINED = 585_000
"""Cells of that table; smaller ones take smaller batches, none takes more steps."""
TRAIN_PICTURES = {
    "image-vae": 190.0,
    "image-gan": 1_000.0,
    "image-latent": 380.0,
    "image-ddgan": 1_300.0,
    "image-diffusion": 1_100.0,
}
"""Of networks of pictures: all steps at 28 x 28 pixels on one core; the time goes with the pixels."""
PIXELS = 784
FEATURES, OF_A_PICTURE = 352, 1.5e-3
"""Numbers that a picture is compared by, and seconds to read it, take them and judge it."""
PAIR = 2.0e-11
CELL = 2.4e-5
START = 14.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Size of the work.

    Parameters
    ----------
    rows, columns : int
        Of the table.
    widest : (str, int) or None
        The discrete column with most levels, and how many.
    seconds, gigabytes : float
        A rough estimate for two cores.
    shape : (int, int, int) or None
        Height, width and channels, where the rows are pictures.
    """

    rows: int
    columns: int
    widest: tuple[str, int] | None
    seconds: float
    gigabytes: float
    shape: tuple[int, int, int] | None = None

    @property
    def text(self) -> str:
        """The plan in one line."""
        cost = f"about {_seconds(self.seconds)}, {self.gigabytes:.1f} GB"
        if self.shape is not None:
            labels = f", {self.widest[1]:,} labels" if self.widest else ""
            return f"{self.rows:,} pictures of {' x '.join(map(str, self.shape))}{labels}; {cost}"
        widest = f", widest {self.widest[1]:,} levels ({self.widest[0]})" if self.widest else ""
        return f"{self.rows:,} rows x {self.columns} columns{widest}; {cost}"


def plan(table: Table, *, generator: str = "trees", n: int | None = None, time_limit: float | None = None) -> Plan:
    """Estimate a run of `generator` on `table` that draws `n` rows (None: as many as it learns from).

    `time_limit`, in seconds, is that of networks and of races, which use all of it.
    """
    rows, columns = len(table), len(table.schema)
    levels = {
        name: int(pc.count_distinct(table[name]).as_py()) for name in (c.name for c in table.schema if c.kind.discrete)
    }
    widest = max(levels.items(), key=lambda item: item[1], default=None)
    if picture_column(table.schema) is not None:
        return _of_pictures(table, widest, generator, n or rows, time_limit)
    width = sum(min(count, 64) for count in levels.values()) + 2 * (columns - len(levels))
    a, b = min(rows, NEIGHBOURS_MOST), min(n or rows, NEIGHBOURS_MOST)
    pairs = PAIR * width * (a * a + 2 * a * b + b * b)
    seconds = START + pairs + CELL * rows * columns + _fit(generator, rows * columns, time_limit)
    gigabytes = 0.35 + 8e-9 * (rows + (n or rows)) * (columns + 2 * width)
    return Plan(rows, columns, widest, seconds, gigabytes)


def _of_pictures(
    table: Table,
    widest: tuple[str, int] | None,
    generator: str,
    n: int,
    time_limit: float | None,
) -> Plan:
    """Estimate a run on pictures: the training of a network and the work on features."""
    height, width, channels = pictures(table).shape[1:]
    fit = TRAIN_PICTURES.get(generator, max(TRAIN_PICTURES.values())) * height * width / PIXELS
    rows = len(table)
    seconds = START + PAIR * FEATURES * (rows + n) ** 2 + OF_A_PICTURE * (rows + n) + min(fit, time_limit or fit)
    gigabytes = 0.8 + 8e-9 * (rows + n) * (FEATURES + height * width * channels)
    return Plan(rows, len(table.schema), widest, seconds, gigabytes, (height, width, channels))


def _fit(generator: str, cells: int, time_limit: float | None) -> float:
    """Seconds that a generator learns."""
    if generator == "auto" and time_limit is not None:
        return time_limit
    if generator in TRAIN:
        return min(TRAIN[generator] * min(cells / TRAINED, 1.0), time_limit or float("inf"))
    return FIT.get(generator, 1e-5) * cells


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
