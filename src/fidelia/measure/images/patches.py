"""Patches of pictures at several resolutions: a comparison that needs no features.

References
----------
Karras, Aila, Laine and Lehtinen (2018), Progressive Growing of GANs, ICLR, arXiv 1710.10196, section 5; Burt and
Adelson (1983), The Laplacian Pyramid as a Compact Image Code, IEEE Transactions on Communications 31, 532-540.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.images.resize import resampled
from fidelia.measure.beside import beside
from fidelia.measure.images.pixels import pixels
from fidelia.measure.joint.clouds import directions
from fidelia.measure.joint.transport import wasserstein
from fidelia.measure.result import Caveat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.result import Result
    from fidelia.rng import Rng

    Singles = NDArray[np.float32]

WIDEST, SMALLEST = 7, 4
PATCHES, SLICES = 16, 24
MOST, SPREADS = 1_500, 8


def patch_distance(case: Case) -> Result:
    """IMG06: mean over resolutions of the sliced Wasserstein distance of patches, in units of train's spread.

    At each resolution of the Laplacian pyramid sixteen patches of each picture, at the same random places, are seen
    from 24 random directions.
    """
    rng = case.rng.child("IMG06")
    side = case.contrast.case
    chosen = {name: _some(shown, rng.child(name)) for name, shown in pixels(side).items()}
    slices = {name: sliced_patches(shown, rng) for name, shown in chosen.items()}
    spread = [part.std(axis=(0, 1)).clip(min=1e-6) for part in slices["train"]]
    sides = {
        name: np.stack([p / s for p, s in zip(parts, spread, strict=True)], axis=1) for name, parts in slices.items()
    }
    found = beside(case, "IMG06", lambda _: sides, _distance, most=MOST, times=1, spreads=SPREADS)
    cut = any(len(chosen[name]) < len(getattr(side, name)) for name in chosen)
    text = f"Patches are those of at most {MOST:,} random pictures of each side."
    said = {
        "resolutions": [int(p) for p in levels(*chosen["train"].shape[1:3])],
        "patches": PATCHES,
        "directions": SLICES,
    }
    return found.result(low=0.0, breakdown=said, caveats=(Caveat("SUBSAMPLED", text),) if cut else ())


def _some(shown: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    return shown[np.sort(rng.generator().permutation(len(shown))[:MOST])]


def _distance(a: Singles, b: Singles) -> float:
    """Return the mean sliced W1 distance of projected patches ``(n, levels, patches, directions)``."""
    flat = [[x[:, i].reshape(-1, x.shape[3]) for i in range(x.shape[1])] for x in (a, b)]
    return float(np.mean([wasserstein(p, q, p=1).mean() for p, q in zip(*flat, strict=True)]))


def levels(height: int, width: int) -> list[int]:
    """Return the shorter side of the pictures at each resolution: halves, down to four pixels."""
    side = min(height, width)
    found: list[int] = []
    while side >= SMALLEST or not found:
        found.append(side)
        side //= 2
    return found


def sliced_patches(shown: NDArray[np.uint8], rng: Rng) -> list[Singles]:
    """Return random projections of patches at each resolution, each ``(n, patches, directions)``."""
    found = []
    for i, band in enumerate(pyramid(shown.astype(np.float32) / np.float32(255))):
        n, height, width, channels = band.shape
        size = max(1, min(WIDEST, min(height, width) // 2 + 1))
        generator = rng.child(f"places/{i}").generator()
        tops, lefts = (generator.integers(0, side - size + 1, PATCHES) for side in (height, width))
        parts = [band[:, y : y + size, x : x + size] for y, x in zip(tops, lefts, strict=True)]
        flat = np.stack(parts, axis=1).reshape(n, PATCHES, size * size * channels)
        found.append(flat @ directions(flat.shape[2], SLICES, rng.child(f"slices/{i}")).astype(np.float32))
    return found


def pyramid(shown: Singles) -> list[Singles]:
    """Return the bands of the Laplacian pyramid: what each halving loses, and what is left at last.

    Their sum, each brought to the size of the first, is the picture.
    """
    found = []
    for _ in range(len(levels(*shown.shape[1:3])) - 1):
        height, width = shown.shape[1:3]
        half = resampled(shown, (max(1, height // 2), max(1, width // 2)))
        found.append(shown - resampled(half, (height, width)))
        shown = half
    return [*found, shown]
