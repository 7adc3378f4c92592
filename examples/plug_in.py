"""Your own generator and your own metric. From a package of yours they are found by name through entry points:

[project.entry-points."fidelia.generators"]
halves = "your_package:Halves"
[project.entry-points."fidelia.metrics"]
FID99 = "your_package:ROUND_AGES"

python examples/plug_in.py
"""

import numpy as np
import pyarrow as pa

import fidelia as fd
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.beside import beside
from fidelia.measure.entry import Entry
from fidelia.measure.result import Direction


class Halves:
    """The first half of the columns from one training row, the second half from another."""

    def fit(self, table, *, rng, progress=None):  # noqa: ARG002
        self.table_ = table
        return self

    def sample(self, n, *, given=None, rng, progress=None, first=0):  # noqa: ARG002
        draw, arrow = rng.generator(), self.table_.arrow
        half = arrow.num_columns // 2
        left, right = (arrow.take(pa.array(draw.integers(0, len(arrow), n))) for _ in range(2))
        return Table(pa.table(left.columns[:half] + right.columns[half:], arrow.column_names), self.table_.schema)

    def state(self):
        raise NotApplicable("UNSUPPORTED_TYPE", "it is made of training rows, so that it is not saved")


def round_ages(case):
    """Share of ages that are whole tens: people round, generators often do not."""
    ages = lambda case: {side: np.asarray(getattr(case, side)["age"]) for side in ("train", "synthetic", "holdout")}  # noqa: E731
    return beside(case, "FID99", ages, lambda _train, other: (other % 10 == 0).mean()).result(low=0, high=1)


ROUND_AGES = Entry(
    "FID99", "round ages", Direction.REFERENCE, f"{__name__}:round_ages", "mean(age mod 10 = 0)",
    "Equal to that of fresh real rows when people round as they do.", "ours",
)  # fmt: skip

real = fd.read(fd.sample_path("adult"), target="income")
parts = fd.split(real, holdout=0.3, rng=fd.Rng(0))
made = Halves().fit(parts.train, rng=fd.Rng(1)).sample(5_000, rng=fd.Rng(2))

outcome = fd.evaluate(parts.train, made, holdout=parts.holdout, codes=["FID16", "FID09", "AUT01"])
for score in outcome.document["results"]:
    print(f"{score['name']}: {score['value']:.3f}, fresh real rows {score['reference']['value']:.3f}")

mine = ROUND_AGES(fd.Case(parts.train, made, parts.holdout, fd.Rng(0)))
print(f"{mine.name}: {mine.value:.3f}, fresh real rows {mine.reference.value:.3f}")
