"""The forest: laws of all columns in their order, draws with and without conditions, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete, Evidence
from fidelia.generate.forest.columns import Floats, Ints
from fidelia.generate.forest.fit import Params, fit_parts
from fidelia.generate.forest.part import Condition, Part
from fidelia.progress import Tick
from fidelia.rng import Rng

BATCH = 65_536
POOL = 4
"""Batches of proposals remembered for resampling."""
ROUNDS, LEAST = 20, 500_000
"""Under a condition at most this many proposals are made: for each row asked for, and in any case."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Drawn rows and how well they follow the law.

    Parameters
    ----------
    coded : Coded
        The rows.
    ess : float
        Effective number of independent rows; equals the number of rows if all were drawn exactly.
    probability : float
        Estimated probability of the condition; 1 without one.
    """

    coded: Coded
    ess: float
    probability: float


@dataclass(frozen=True, slots=True)
class Forest:
    """Sequential trees for one table.

    Parameters
    ----------
    parts : list of Part
        The laws of the columns, in the order of the table.
    order : list of int
        The order in which the columns are drawn.
    """

    parts: list[Part]
    order: list[int]

    def draw(self, n: int, rng: Rng, evidence: Evidence | None = None) -> Draw:
        """Draw rows.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : Rng
        evidence : mapping of str to Allowed, optional
            Conditions by column name; every drawn row obeys all of them, and the rows follow the law of the forest
            given that they do.

        Returns
        -------
        Draw

        Raises
        ------
        ValueError
            If n is negative, a name is unknown or a condition is impossible.
        """
        if n < 0:
            raise ValueError(f"cannot draw {n} rows; ask for 0 or more")
        conditions = self._conditions(evidence or {})
        if not conditions:
            sizes = [min(BATCH, n - at) for at in range(0, n, BATCH)]
            batches = [self._propose(size, rng.child(f"{i}"), {})[0] for i, size in enumerate(sizes)]
            return Draw(self._coded(_stack(batches, self.parts), n), float(n), 1.0)
        return self._under(n, conditions, rng)

    def _conditions(self, allowed: Evidence) -> dict[int, Condition]:
        at = {part.name: i for i, part in enumerate(self.parts)}
        if unknown := sorted(set(allowed) - set(at)):
            raise ValueError(f"conditions on unknown columns: {unknown}")
        return {at[name]: self.parts[at[name]].condition(a) for name, a in allowed.items()}

    def _propose(self, n: int, rng: Rng, conditions: dict[int, Condition]) -> tuple[list[NDArray[Any]], Floats]:
        """Draw rows that obey the conditions, and their weights."""
        values: list[NDArray[Any]] = [np.empty(0)] * len(self.parts)
        prefix: dict[int, Ints] = {}
        weight = np.ones(n)
        for j in self.order:
            part, draw = self.parts[j], rng.child(f"{j}").generator()
            if j in conditions:
                values[j], mass = conditions[j].draw(prefix, n, draw)
                weight *= mass
            else:
                values[j] = part.draw(prefix, n, draw)
            prefix[j] = part.code(values[j])
        return values, weight

    def _under(self, n: int, conditions: dict[int, Condition], rng: Rng) -> Draw:
        """Accept proposals by weight while the budget lasts, then fill up by their weights."""
        named = ", ".join(repr(self.parts[j].name) for j in conditions)
        bound = float(np.prod([c.most() for c in conditions.values()]))
        if bound <= 0:
            raise ValueError(f"the condition on {named} is impossible: no row that was learnt from comes near it")
        size = min(BATCH, max(8_192, n))
        proposals = Proposals([], [], [])
        for batch in range(-(-max(ROUNDS * n, LEAST) // size)):
            values, weight = self._propose(size, rng.child(f"{batch}"), conditions)
            proposals.add(values, weight, rng.child(f"accept/{batch}").generator().random(size) * bound < weight)
            if proposals.accepted >= n:
                break
        weights = np.concatenate(proposals.weights)
        if not weights.any():
            raise ValueError(f"the condition on {named} is impossible, or met by fewer than 1 in {len(weights):,} rows")
        lacking = max(0, n - proposals.accepted)
        filled = self._afresh(proposals.refill(lacking, rng.child("fill").generator()), conditions, rng.child("fill"))
        rows = [found[:n] for found in _stack([*proposals.kept, filled], self.parts)]
        ess = float(n) if not lacking else min(float(n), float(weights.sum() ** 2 / (weights**2).sum()))
        return Draw(self._coded(rows, n), ess, float(weights.mean()))

    def _afresh(self, values: list[NDArray[Any]], conditions: dict[int, Condition], rng: Rng) -> list[NDArray[Any]]:
        """Draw the columns after the last condition again, so that rows chosen twice do not stay equal."""
        last = max(self.order.index(j) for j in conditions)
        prefix = {j: self.parts[j].code(values[j]) for j in self.order[: last + 1]}
        for j in self.order[last + 1 :]:
            values[j] = self.parts[j].draw(prefix, len(values[j]), rng.child(f"{j}").generator())
            prefix[j] = self.parts[j].code(values[j])
        return values

    def _coded(self, values: list[NDArray[Any]], n: int) -> Coded:
        columns: dict[str, CodedColumn] = {}
        for part, found in zip(self.parts, values, strict=True):
            if part.scale is None:
                columns[part.name] = Discrete(found.astype(np.int32), part.levels)
            else:
                columns[part.name] = Continuous(found.astype(np.float64), part.scale.decimals)
        return Coded(columns, n)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state.

        Returns
        -------
        facts : dict
            What JSON can hold.
        arrays : dict of str to ndarray
        """
        arrays: dict[str, NDArray[Any]] = {}
        facts = []
        for i, part in enumerate(self.parts):
            fact, held = part.state()
            facts.append(fact)
            arrays |= {f"{i}.{name}": a for name, a in held.items()}
        return {"format": 1, "order": self.order, "parts": facts}, arrays

    @classmethod
    def restore(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Forest:
        """Return the forest whose `state` is given.

        Raises
        ------
        ValueError
            If the state has another format.
        """
        if facts.get("format") != 1:
            raise ValueError(f"state of format {facts.get('format')!r}; this version reads format 1")
        held: dict[int, dict[str, NDArray[Any]]] = {i: {} for i in range(len(facts["parts"]))}
        for name, array in arrays.items():
            i, _, rest = name.partition(".")
            held[int(i)][rest] = array
        return cls([Part.restore(fact, held[i]) for i, fact in enumerate(facts["parts"])], list(facts["order"]))


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposed rows of a conditional draw: the accepted ones, and the last batches with their weights."""

    kept: list[list[NDArray[Any]]]
    pool: list[list[NDArray[Any]]]
    weights: list[Floats]

    @property
    def accepted(self) -> int:
        """Number of accepted rows."""
        return sum(len(batch[0]) for batch in self.kept)

    def add(self, values: list[NDArray[Any]], weight: Floats, accept: NDArray[np.bool_]) -> None:
        """Add one batch."""
        self.kept.append([v[accept] for v in values])
        self.weights.append(weight)
        self.pool.append([v[weight > 0] for v in values])
        del self.pool[:-POOL]

    def refill(self, n: int, rng: np.random.Generator) -> list[NDArray[Any]]:
        """Draw rows of the pool by weight, with as few repetitions as systematic resampling allows."""
        if n == 0:
            return [v[:0] for v in self.pool[-1]]
        pooled = [np.concatenate(v) for v in zip(*self.pool, strict=True)]
        weight = np.concatenate([w[w > 0] for w in self.weights[-POOL:]])
        if not len(weight):
            raise ValueError("the last proposals all have weight zero: the condition is too rare")
        height = (rng.random() + np.arange(n)) / n * weight.sum()
        at = np.searchsorted(weight.cumsum(), height, side="right").clip(0, len(weight) - 1)
        return [v[at] for v in pooled]


def fit(coded: Coded, params: Params, *, rng: Rng, tick: Tick) -> Forest:
    """Fit a forest.

    Parameters
    ----------
    coded : Coded
        The training table.
    params : Params
        Settings.
    rng : Rng
        The same stream gives the same forest.
    tick : Tick
        Told of every column that is done.

    Raises
    ------
    ValueError
        If the table has no row, or lengths or values are at fault.
    """
    return Forest(*fit_parts(coded, params, rng, tick))


def _stack(batches: list[list[NDArray[Any]]], parts: list[Part]) -> list[NDArray[Any]]:
    if not batches:
        return [np.empty(0, np.int64 if p.scale is None else np.float64) for p in parts]
    return [np.concatenate(values) for values in zip(*batches, strict=True)]
