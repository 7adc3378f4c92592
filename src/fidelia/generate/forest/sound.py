"""Whether a forest that was read from a file can be drawn from: every index in range, every walk down a tree finite."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Floats
from fidelia.generate.forest.law import Law
from fidelia.generate.forest.leaves import Leaves
from fidelia.generate.forest.model import Forest
from fidelia.generate.forest.part import Part
from fidelia.generate.forest.route import STOP, Grove


def inspect(forest: Forest, levels: Mapping[str, int | None]) -> None:
    """Refuse a forest that does not fit together.

    Parameters
    ----------
    forest : Forest
    levels : mapping of str to int or None
        The columns in their order, with how many codes a discrete one has; None for a continuous one.

    Raises
    ------
    ValueError
        When something does not fit.
    """
    _insist([part.name for part in forest.parts] == list(levels), "the columns are others")
    _insist(sorted(forest.order) == list(range(len(forest.parts))), "the order is none of the columns")
    widths = [_width(part) for part in forest.parts]
    for place, j in enumerate(forest.order):
        part = forest.parts[j]
        _insist((part.scale is None) == (levels[part.name] is not None), f"{part.name!r} is of another kind")
        _insist(part.levels == (levels[part.name] or 0), f"{part.name!r} has another number of levels")
        _inspect_scale(part)
        for law, symbols in ((part.missing, 2), (part.value, _symbols(part))):
            if law is not None:
                _inspect_grove(law.grove, set(forest.order[:place]), forest.parts, widths)
                _inspect_leaves(law, symbols, part)


def _insist(holds: bool | np.bool_, said: str) -> None:
    if not holds:
        raise ValueError(said)


def _width(part: Part) -> int:
    return part.levels if part.scale is None else part.scale.width


def _symbols(part: Part) -> int:
    """How many symbols the leaves of a column may hold: levels, or atoms and the body."""
    return part.levels if part.scale is None else len(part.scale.atoms) + (len(part.scale.knots) > 0)


def _rising(values: Floats, *, strictly: bool) -> bool:
    steps = np.diff(values)
    return bool(np.isfinite(values).all() and ((steps > 0) if strictly else (steps >= 0)).all())


def _inspect_scale(part: Part) -> None:
    if part.scale is None:
        _insist(part.value is not None and part.missing is None, f"{part.name!r} has no law")
        return
    for name in ("atoms", "knots", "edges"):
        values = getattr(part.scale, name)
        _insist(values.ndim == 1 and values.dtype == np.float64, f"the {name} of {part.name!r} are no numbers")
        _insist(_rising(values, strictly=name != "knots"), f"the {name} of {part.name!r} do not rise")


def _inspect_grove(grove: Grove, earlier: set[int], parts: list[Part], widths: list[int]) -> None:
    predictors = grove.predictors.tolist()
    _insist(set(predictors) <= earlier, "a tree splits on a column that is drawn later")
    for j in predictors:
        discrete = parts[j].scale is None
        _insist((j in grove.ranks) == discrete, "ranks belong to discrete columns")
        _insist(not discrete or len(grove.ranks[j]) == widths[j], "a level has no rank")
    nodes = len(grove.leaf)
    arrays: tuple[NDArray[np.generic], ...] = (grove.feature, grove.threshold, grove.left)
    _insist(nodes > 0 and all(a.shape == (nodes,) and a.dtype.kind in "iu" for a in arrays), "the nodes do not fit")
    place, inner = np.arange(nodes), grove.leaf < 0
    _insist(((grove.left > place) & (grove.left + 1 < nodes))[inner].all(), "a walk down a tree would not end")
    _insist((grove.left == place)[~inner].all() and ((grove.threshold == STOP) == ~inner).all(), "a leaf leads on")
    _insist(not inner.any() or ((grove.feature >= 0) & (grove.feature < len(predictors)))[inner].all(), "no such split")
    _insist(np.array_equal(np.sort(grove.leaf[~inner]), np.arange((~inner).sum())), "leaves are miscounted")
    roots = grove.roots.astype(np.float64)
    _insist(len(roots) > 0 and roots[0] == 0 and roots[-1] < nodes and _rising(roots, strictly=True), "no such roots")


def _inspect_leaves(law: Law, symbols: int, part: Part) -> None:
    leaves, count = law.leaves, law.grove.n_leaves
    _insist(leaves.symbols.shape == leaves.counts.shape, "symbols and counts do not fit")
    _insist(_starts(leaves.start, count, len(leaves.symbols)) and (np.diff(leaves.start) > 0).all(), "a leaf is empty")
    _insist((leaves.counts >= 1).all() and (leaves.symbols < symbols).all(), "a leaf holds what the column does not")
    _insist(_starts(leaves.bound_start, count, len(leaves.bounds)), "the cells do not fit")
    _inspect_body(leaves, part)


def _inspect_body(leaves: Leaves, part: Part) -> None:
    sizes = np.diff(leaves.bound_start)
    owner = np.repeat(np.arange(len(sizes)), np.diff(leaves.start))
    has_body = np.bincount(owner, leaves.symbols == leaves.body, minlength=len(sizes)) > 0
    _insist((sizes[has_body] >= 2).all(), f"a leaf of {part.name!r} has a body without cells")
    _insist(0 <= leaves.blur <= STOP, "the blur is out of range")


def _starts(start: NDArray[np.int32], count: int, total: int) -> bool:
    whole = start.shape == (count + 1,) and start.dtype.kind in "iu"
    return bool(whole and start[0] == 0 and start[-1] == total and (np.diff(start) >= 0).all())
