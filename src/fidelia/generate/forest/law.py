"""The law of one target given the columns before it: a grove and what its leaves hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fidelia.generate.forest.columns import Floats, Ints
from fidelia.generate.forest.leaves import Leaves, Truncated
from fidelia.generate.forest.route import Grove


@dataclass(frozen=True, slots=True)
class Law:
    """A mixture of trees with equal weights."""

    grove: Grove
    leaves: Leaves

    def draw(self, prefix: dict[int, Ints], n: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Draw symbols and body positions for rows with a given prefix, each from one tree.

        Parameters
        ----------
        prefix : dict of int to ndarray of int, shape (n_rows,)
            Codes of the columns already drawn.
        n : int
            Number of rows.
        rng : numpy.random.Generator
        """
        tree = rng.integers(len(self.grove.roots), size=n)
        leaf = self.grove.leaves(self._matrix(prefix, n), tree).astype(np.int64)
        return self.leaves.draw(leaf, rng)

    def within(
        self, truncated: Truncated, prefix: dict[int, Ints], n: int, rng: np.random.Generator
    ) -> tuple[Ints, Floats, Floats]:
        """Draw under a condition; also return the exact probability of the condition given the prefix.

        Rows with probability zero get symbol 0 and position 0.
        """
        matrix, trees = self._matrix(prefix, n), len(self.grove.roots)
        leaf = np.stack([self.grove.leaves(matrix, np.full(n, b)) for b in range(trees)], axis=1)
        climb = truncated.mass[leaf].cumsum(axis=1)
        mass = climb[:, -1]
        alive = np.flatnonzero(mass > 0)
        height = rng.random(len(alive)) * mass[alive]
        tree = (climb[alive] <= height[:, None]).sum(1).clip(0, trees - 1)
        symbols, positions = np.zeros(n, np.int64), np.zeros(n)
        symbols[alive], positions[alive] = truncated.draw(leaf[alive, tree], rng)
        return symbols, positions, mass / trees

    def most(self, truncated: Truncated) -> float:
        """Return an upper bound of the probability of a condition over all prefixes."""
        tree = np.searchsorted(self.grove.roots, np.flatnonzero(self.grove.leaf >= 0), side="right") - 1
        best = np.zeros(len(self.grove.roots))
        np.maximum.at(best, tree, truncated.mass)
        return float(best.mean())

    def _matrix(self, prefix: dict[int, Ints], n: int) -> NDArray[np.uint16]:
        return self.grove.matrix(prefix) if len(self.grove.predictors) else np.empty((n, 0), np.uint16)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as one plain dict and one dict of arrays."""
        facts, arrays = zip(self.grove.state(), self.leaves.state(), strict=True)
        return {"grove": facts[0], "leaves": facts[1]}, {**arrays[0], **arrays[1]}

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Law:
        """Return the law whose `state` is given."""
        names = ("start", "symbols", "counts", "bound_start", "bounds")
        held = {name: arrays[name] for name in names}
        rest = {name: a for name, a in arrays.items() if name not in names}
        return cls(Grove.restore(facts["grove"], rest), Leaves.restore(facts["leaves"], held))
