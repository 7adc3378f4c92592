"""Pictures in a trial: arms that vary them as people do, moved, turned and with noise, beside synthetic ones.

References
----------
Simard, Steinkraus and Platt (2003), Best Practices for Convolutional Neural Networks Applied to Visual Document
Analysis, ICDAR: pictures moved and turned a little keep their label.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.images.imageset import as_column, picture_column, pictures
from fidelia.enhancement.arms import BOTH, CLASSICAL, REAL, REPEATED, SYNTHETIC, Arm, Fold, augmented
from fidelia.enhancement.classical import each, repeated
from fidelia.enhancement.learning import Lesson
from fidelia.generate.sampling import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

DEGREES, MOVE, GREY = 10.0, 0.1, 5.0
"""Most degrees of a turn, most of a side that pictures are moved by, and grey values of the noise's deviation."""
SLICE = 1_000


def augment(ratios: Sequence[float], *, flips: bool) -> list[Arm]:
    """Return the arms of augmentation of pictures; the first is what all others are compared with."""
    most = max(ratios)
    times = 1 + max(1, round(most))

    def classical(fold: Fold) -> Table:
        varied = variations(fold.train, fold.rows(most), fold.rng.child("classical"), flips=flips)
        return joined([fold.train, varied])

    how = "moved, turned and with noise" + (", half of them mirrored" if flips else "")
    return [
        Arm(REAL, "the real training pictures alone", lambda fold: Lesson(fold.train)),
        *(
            replace(augmented(ratio), summary=f"real pictures and {ratio:g} times as many synthetic ones")
            for ratio in ratios
        ),
        Arm(SYNTHETIC, "as many synthetic pictures, no real ones", lambda fold: Lesson(fold.drawn(1.0))),
        Arm(CLASSICAL, f"real pictures and {most:g} times as many, {how}", lambda fold: Lesson(classical(fold))),
        Arm(
            BOTH,
            "the same and as many synthetic pictures as real ones",
            lambda fold: Lesson(joined([classical(fold), fold.drawn(1.0)])),
        ),
        Arm(REPEATED, f"real pictures {times} times over", lambda fold: Lesson(repeated(fold.train, times)), True),
    ]


def variations(train: Table, n: int, rng: Rng, *, flips: bool = False) -> Table:
    """Return `n` pictures of `train`, each moved, turned and with noise; labels and all else stay as they are.

    Parameters
    ----------
    flips : bool
        Mirror every other one, left to right: only where a mirrored picture means the same.
    """
    name = picture_column(train.schema)
    assert name is not None
    picked = train.take(each(len(train), n, rng))
    shown, draw = pictures(picked), rng.child("variations").generator()
    parts = [varied(shown[at : at + SLICE], draw, flips=flips) for at in range(0, n, SLICE)]
    at = picked.schema.names.index(name)
    column = as_column(np.concatenate([shown[:0], *parts]))
    return picked.with_arrow(picked.arrow.set_column(at, picked.arrow.field(at), column))


def varied(shown: NDArray[np.uint8], draw: np.random.Generator, *, flips: bool) -> NDArray[np.uint8]:
    """Return pictures ``(n, h, w, c)`` turned by up to 10 degrees, moved by up to a tenth of a side, and with noise.

    Each pixel is interpolated linearly between those that it comes from; what comes from outside is as the edge is.
    """
    n, (height, width) = len(shown), shown.shape[1:3]
    angle = np.deg2rad(draw.uniform(-DEGREES, DEGREES, n))[:, None, None]
    down, across = (draw.uniform(-MOVE, MOVE, n)[:, None, None] * side for side in (height, width))
    y, x = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    mirror = np.where(draw.random(n) < flips / 2, -1.0, 1.0)[:, None, None]
    from_y = np.cos(angle) * y - np.sin(angle) * x * mirror + down + (height - 1) / 2
    from_x = np.sin(angle) * y + np.cos(angle) * x * mirror + across + (width - 1) / 2
    found = _interpolated(shown, from_y.clip(0, height - 1), from_x.clip(0, width - 1))
    return np.clip(np.rint(found + GREY * draw.normal(size=found.shape)), 0, 255).astype(np.uint8)


def _interpolated(shown: NDArray[np.uint8], y: Floats, x: Floats) -> Floats:
    """Return the pixels at places ``(n, h, w)`` between those of pictures ``(n, h, w, c)``."""
    _, height, width, _ = shown.shape
    top, left = (np.minimum(np.floor(at).astype(np.int64), side - 2) for at, side in ((y, height), (x, width)))
    low, right = (y - top)[..., None], (x - left)[..., None]
    of = np.arange(len(shown))[:, None, None]
    upper = shown[of, top, left] * (1 - right) + shown[of, top, left + 1] * right
    lower = shown[of, top + 1, left] * (1 - right) + shown[of, top + 1, left + 1] * right
    return np.asarray(upper * (1 - low) + lower * low, dtype=np.float64)
