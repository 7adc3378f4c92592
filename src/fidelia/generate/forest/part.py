"""One column of the forest: is it missing, and which value does it take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.encode.codes import Allowed
from fidelia.generate.forest.columns import Floats, Ints
from fidelia.generate.forest.law import Law
from fidelia.generate.forest.leaves import Truncated
from fidelia.generate.forest.scale import Scale


@dataclass(frozen=True, slots=True)
class Part:
    """The fitted laws of one column.

    Parameters
    ----------
    name : str
        Name of the column.
    levels : int
        Number of levels of a discrete column; 0 for a continuous one.
    scale : Scale or None
        Scale of a continuous column.
    missing : Law or None
        Law of 'is missing'; None if no or every training value is missing.
    value : Law or None
        Law of the value given that it is observed; None if every training value is missing.
    """

    name: str
    levels: int
    scale: Scale | None
    missing: Law | None
    value: Law | None

    def code(self, values: NDArray[Any]) -> Ints:
        """Return the codes that later trees split on."""
        return values.astype(np.int64) if self.scale is None else self.scale.bins(values).astype(np.int64)

    def draw(self, prefix: dict[int, Ints], n: int, rng: np.random.Generator) -> NDArray[Any]:
        """Draw values: levels of a discrete column, numbers or NaN of a continuous one."""
        if self.value is None:
            return np.full(n, np.nan)
        symbols, positions = self.value.draw(prefix, n, rng)
        if self.scale is None:
            return symbols
        values = self.scale.values(symbols, positions)
        if self.missing is not None:
            values[self.missing.draw(prefix, n, rng)[0] == 1] = np.nan
        return values

    def condition(self, allowed: Allowed) -> Condition:
        """Return a condition made ready for draws.

        Raises
        ------
        ValueError
            If the condition does not fit the kind of the column.
        """
        if (self.scale is None) != (allowed.codes is not None):
            raise ValueError(f"the condition on column {self.name!r} is not of the column's kind")
        if self.scale is not None:
            allowed = replace(allowed, intervals=self.scale.on_grid(allowed.intervals))
        return Condition(self, allowed, self._missing_within(allowed), self._value_within(allowed))

    def _missing_within(self, allowed: Allowed) -> Truncated | None:
        if self.missing is None:
            return None
        return self.missing.leaves.within(np.array([bool(allowed.intervals), allowed.missing]), [])

    def _value_within(self, allowed: Allowed) -> Truncated | None:
        if self.value is None:
            return None
        if self.scale is None:
            assert allowed.codes is not None
            return self.value.leaves.within(allowed.codes, [])
        reaches = [self.scale.reach(*i) for i in allowed.intervals] if len(self.scale.knots) else []
        reaches = [(a, b) for a, b in reaches if a <= b]
        return self.value.leaves.within(self.scale.allowed_atoms(allowed.intervals), reaches)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as one plain dict and one dict of arrays."""
        facts: dict[str, Any] = {"name": self.name, "levels": self.levels}
        arrays: dict[str, NDArray[Any]] = {}
        for name in ("scale", "missing", "value"):
            piece = getattr(self, name)
            facts[name], held = piece.state() if piece is not None else (None, {})
            arrays |= {f"{name}.{key}": a for key, a in held.items()}
        return facts, arrays

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Part:
        """Return the part whose `state` is given."""
        kinds: dict[str, Any] = {"scale": Scale, "missing": Law, "value": Law}
        pieces = {
            name: kind.restore(facts[name], _under(name, arrays)) if facts[name] is not None else None
            for name, kind in kinds.items()
        }
        return cls(facts["name"], facts["levels"], **pieces)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one column, with the truncated laws."""

    part: Part
    allowed: Allowed
    missing: Truncated | None
    value: Truncated | None

    def most(self) -> float:
        """Return an upper bound of the probability of the condition over all prefixes."""
        part, value = self.part, 0.0
        if part.value is None:
            return float(self.allowed.missing)
        if self.value is not None:
            value = part.value.most(self.value)
        if part.missing is None or self.missing is None:
            return value
        return part.missing.most(self.missing) * (1.0 if self.allowed.missing else value)

    def draw(self, prefix: dict[int, Ints], n: int, rng: np.random.Generator) -> tuple[NDArray[Any], Floats]:
        """Draw values that obey the condition; also return its exact probability given each prefix.

        Values of rows with probability zero mean nothing.
        """
        part = self.part
        if part.value is None or self.value is None:
            return np.full(n, np.nan), np.full(n, float(self.allowed.missing))
        symbols, positions, mass = part.value.within(self.value, prefix, n, rng)
        if part.scale is None:
            return symbols, mass
        values = _snapped(part.scale.values(symbols, positions), self.allowed.intervals)
        if part.missing is None:
            return values, mass
        return self._with_missing(values, mass, prefix, rng)

    def _with_missing(
        self, values: Floats, mass: Floats, prefix: dict[int, Ints], rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Join the law of the value with the law of 'is missing'."""
        law, n = self.part.missing, len(values)
        assert law is not None
        gone = law.within(law.leaves.within(np.array([False, True]), []), prefix, n, rng)[2]
        absent = gone * self.allowed.missing
        total = (1 - gone) * mass + absent
        values[rng.random(n) * total < absent] = np.nan
        return values, total


def _snapped(values: Floats, intervals: tuple[tuple[float, float], ...]) -> Floats:
    """Move values that rounding put just outside onto the nearest end of an interval."""
    if not intervals:
        return values
    inside = np.zeros(len(values), bool)
    for low, high in intervals:
        inside |= (values >= low) & (values <= high)
    outside = np.flatnonzero(~inside)
    if len(outside):
        ends = np.array(intervals).ravel()
        nearest = np.abs(values[outside, None] - ends).argmin(1)
        values[outside] = ends[nearest]
    return values


def _under(name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}
