"""TableEncoder: coded columns as one float matrix in blocks, and exactly back; the form in which networks learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete, Floats
from fidelia.encode.numbers import rounded
from fidelia.encode.quantile import NormalScores


@dataclass(frozen=True, slots=True, eq=False)
class NumberBlock:
    """A continuous column: its normal score, and a flag when values can be missing (then the score is 0).

    Parameters
    ----------
    scores : NormalScores
        The map of its values.
    decimals : int or None
        As in `Continuous`; what makes the way back exact.
    flagged : bool
        Whether the second column of the block flags missing values.
    """

    scores: NormalScores
    decimals: int | None
    flagged: bool

    @property
    def width(self) -> int:
        """Columns of the block."""
        return 1 + self.flagged

    def encode(self, column: CodedColumn) -> Floats:
        """Return the block of a column, (n, width)."""
        assert isinstance(column, Continuous)
        missing = np.isnan(column.values)
        if missing.any() and not self.flagged:
            raise ValueError("a column without missing values in training has some now")
        score = np.where(missing, 0.0, self.scores.to_normal(column.values))
        return np.column_stack([score, missing] if self.flagged else [score]).astype(np.float64)

    def decode(self, block: Floats) -> Continuous:
        """Return the column of a block (n, width); flags above 1/2 are missing values."""
        values = rounded(self.scores.from_normal(block[:, 0]), self.decimals)
        return Continuous(np.where(block[:, 1] > 0.5, np.nan, values) if self.flagged else values, self.decimals)


@dataclass(frozen=True, slots=True, eq=False)
class LevelBlock:
    """A discrete column: one column per level, or past the budget the binary digits of its code as -1 and 1.

    Parameters
    ----------
    levels : int
        As in `Discrete`.
    ordered : bool
        As in `Discrete`.
    onehot : bool
        Which of the two.
    """

    levels: int
    ordered: bool
    onehot: bool

    @property
    def width(self) -> int:
        """Columns of the block."""
        return self.levels if self.onehot else max((self.levels - 1).bit_length(), 1)

    def encode(self, column: CodedColumn) -> Floats:
        """Return the block of a column, (n, width)."""
        assert isinstance(column, Discrete)
        places = np.arange(self.width)
        if self.onehot:
            return np.asarray(column.codes[:, None] == places, dtype=np.float64)
        return np.asarray((column.codes[:, None] >> places & 1) * 2 - 1, dtype=np.float64)

    def decode(self, block: Floats) -> Discrete:
        """Return the column of a block (n, width): the greatest level, or the digits above 0."""
        codes = block.argmax(1) if self.onehot else ((block > 0) << np.arange(self.width)).sum(1)
        return Discrete(np.minimum(codes, self.levels - 1).astype(np.int32), self.levels, self.ordered)


Block = NumberBlock | LevelBlock


@dataclass(frozen=True, slots=True, eq=False)
class TableEncoder:
    """One block per column, side by side.

    Parameters
    ----------
    blocks : dict of str to block
        By column, in order.

    Shape
    -----
    ``encode``: columns of n rows to ``(n, width)``; ``decode``: ``(n, width)`` to columns of n rows.

    Examples
    --------
    >>> coded = Coded({"x": Continuous(np.array([1.5, np.nan, 3.0]), 1), "c": Discrete(np.array([0, 2, 1]), 3)}, 3)
    >>> encoder = TableEncoder.fit(coded)
    >>> matrix = encoder.encode(coded)
    >>> matrix.shape, encoder.widths
    ((3, 5), {'x': 2, 'c': 3})
    >>> encoder.decode(matrix)["x"].values.tolist()
    [1.5, nan, 3.0]
    """

    blocks: dict[str, Block]

    @classmethod
    def fit(cls, coded: Coded, *, budget: int = 64) -> Self:
        """Learn the blocks.

        Parameters
        ----------
        budget : int
            Most levels that are spread one-hot; columns with more take about ``log2(levels)`` columns.
        """
        return cls({name: _block(coded[name], budget) for name in coded})

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each block."""
        return {name: block.width for name, block in self.blocks.items()}

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(self.widths.values())

    @property
    def slices(self) -> dict[str, slice]:
        """Where each block stands in the matrix."""
        ends = np.cumsum([0, *self.widths.values()]).tolist()
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(self.blocks)}

    def encode(self, coded: Coded) -> Floats:
        """Return coded columns as a matrix, (n, width)."""
        if not self.blocks:
            return np.zeros((len(coded), 0))
        return np.hstack([block.encode(coded[name]) for name, block in self.blocks.items()])

    def decode(self, matrix: Floats) -> Coded:
        """Return a matrix (n, width) as coded columns."""
        columns: dict[str, CodedColumn] = {
            name: self.blocks[name].decode(matrix[:, place]) for name, place in self.slices.items()
        }
        return Coded(columns, len(matrix))

    def state(self) -> list[dict[str, Any]]:
        """Return the encoder as JSON values."""
        return [_block_state(name, block) for name, block in self.blocks.items()]

    @classmethod
    def restore(cls, state: list[dict[str, Any]]) -> Self:
        """Read what `state` returned."""
        return cls({str(said["name"]): _restored(said) for said in state})


def _block(column: CodedColumn, budget: int) -> Block:
    if isinstance(column, Discrete):
        return LevelBlock(column.levels, column.ordered, column.levels <= budget)
    return NumberBlock(NormalScores.fit(column.values), column.decimals, bool(np.isnan(column.values).any()))


def _block_state(name: str, block: Block) -> dict[str, Any]:
    if isinstance(block, LevelBlock):
        return {"name": name, "levels": block.levels, "ordered": block.ordered, "onehot": block.onehot}
    return {"name": name, "scores": block.scores.state(), "decimals": block.decimals, "flagged": block.flagged}


def _restored(said: dict[str, Any]) -> Block:
    if "levels" in said:
        return LevelBlock(int(said["levels"]), bool(said["ordered"]), bool(said["onehot"]))
    decimals = None if said["decimals"] is None else int(said["decimals"])
    return NumberBlock(NormalScores.restore(said["scores"]), decimals, bool(said["flagged"]))
