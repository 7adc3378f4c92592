"""Layout: coded columns as tokens and numbers, the form in which networks learn, and back.

A discrete column is a token; one with very many levels is two, the digits of its code, so that no network is ever
wider than `WIDEST` for one part. A continuous column is a number, its position in the column's protected law as a
normal score, behind a token, its gate, where something about it is discrete: level 0 of a gate is "a number", then
come the values that very many rows share, then missing. The pattern of missing values is thereby learnt like any
other column. A number behind a closed gate is not there: `Parts.active` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from fidelia.encode.codes import Allowed, Coded, CodedColumn, Continuous, Discrete, Evidence, Floats
from fidelia.generate.values import NumberAxis

WIDEST = 128
"""Most levels of one token."""
FEW = 24
"""A continuous column with at most so many values, all of them shared, is all atoms."""
SHARE, SPIKE, AROUND, ATOMS = 0.01, 5.0, 5, 64
"""An atom: a value held by this share of rows and by so many times more rows than the values around it."""

Role = Literal["level", "high", "low", "gate"]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Token:
    """A part with levels.

    Parameters
    ----------
    column : str
        Whose part it is.
    levels : int
        At most `WIDEST`.
    role : {"level", "high", "low", "gate"}
        The whole of a column; the high or low digit of its code; or the gate of a number.
    ordered : bool
        Whether the order of the levels means something.
    """

    column: str
    levels: int
    role: Role = "level"
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A part on the real line.

    Parameters
    ----------
    column : str
        Whose part it is.
    gate : int or None
        Position of the token that must be 0 for it to be there.
    """

    column: str
    gate: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows in parts.

    Parameters
    ----------
    tokens : (n, T) int64
        Levels.
    begin, end : (n, C) float32
        The interval of positions in (0, 1) that a number's value owns; equal for a value that no other row shares.
    active : (n, C) bool
        Whether the number is there; where not, its interval is (0, 1).
    """

    tokens: NDArray[np.int64]
    begin: NDArray[np.float32]
    end: NDArray[np.float32]
    active: Bools

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Rows as a network draws them.

    Parameters
    ----------
    tokens : (n, T) int64
    numbers : (n, C) float64
        Normal scores; ignored behind a closed gate.
    """

    tokens: NDArray[np.int64]
    numbers: Floats

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Conditions in parts; a part that is not named is free.

    Parameters
    ----------
    tokens : dict of int to (levels,) bool
        The levels that are allowed.
    lows : dict of int to (high levels, low levels) bool
        Of a low digit: the levels allowed beside each high digit, which is the token before it.
    windows : dict of int to (w, 2) float64
        Of a number: the allowed positions in [0, 1], rising; they hold where its gate is open.
    """

    tokens: dict[int, Bools]
    lows: dict[int, Bools]
    windows: dict[int, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class LevelColumn:
    """How a discrete column lies: one token, or two digits to the base `base`."""

    levels: int
    ordered: bool

    @property
    def base(self) -> int | None:
        """Levels of the low digit; None for a single token."""
        return None if self.levels <= WIDEST else int(np.ceil(np.sqrt(self.levels)))

    def tokens(self, name: str) -> list[Token]:
        """Return its tokens."""
        if self.base is None:
            return [Token(name, max(self.levels, 1), "level", self.ordered)]
        high = -(-self.levels // self.base)
        return [Token(name, high, "high", self.ordered), Token(name, self.base, "low", self.ordered)]


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """How a continuous column lies: its atoms, whether values may be missing, and the law of all other values."""

    atoms: Floats
    missing: bool
    axis: NumberAxis | None
    decimals: int | None

    @property
    def gate(self) -> int:
        """Levels of the gate."""
        return (self.axis is not None) + len(self.atoms) + self.missing

    def tokens(self, name: str) -> list[Token]:
        """Return its gate, if it needs one."""
        return [Token(name, self.gate, "gate")] if self.gate > 1 else []

    def levels(self, values: Floats) -> NDArray[np.int64]:
        """Return the gate's level of each value."""
        at = np.searchsorted(self.atoms, values).clip(0, max(len(self.atoms) - 1, 0))
        hit = np.isin(values, self.atoms)
        open_ = int(self.axis is not None)
        levels = np.where(hit, at + open_, 0)
        if self.axis is None and len(self.atoms):
            levels = nearest(self.atoms, values)
        return np.asarray(np.where(np.isnan(values), self.gate - 1, levels), dtype=np.int64)


ColumnLayout = LevelColumn | NumberColumn


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The parts of a table.

    Parameters
    ----------
    columns : dict of str to column layout
        In the table's order.

    Examples
    --------
    >>> ages, sexes = np.arange(20.0, 80.0).repeat(5), np.arange(300) % 2
    >>> coded = Coded({"age": Continuous(ages, 0), "sex": Discrete(sexes.astype(np.int32), 2)}, 300)
    >>> layout = Layout.fit(coded, k=5)
    >>> [token.levels for token in layout.tokens], [number.column for number in layout.numbers]
    ([2], ['age'])
    >>> drawn = layout.drawn(layout.encode(coded), np.random.default_rng(0))
    >>> bool((layout.decode(drawn)["age"].values == ages).all())
    True
    """

    columns: dict[str, ColumnLayout]

    @classmethod
    def fit(cls, coded: Coded, k: int) -> Self:
        """Learn the parts of coded columns in which values held by fewer than `k` rows are protected."""
        return cls({name: _column(coded[name], k) for name in coded})

    @property
    def tokens(self) -> list[Token]:
        """The parts with levels, in order."""
        return [token for name, column in self.columns.items() for token in column.tokens(name)]

    @property
    def numbers(self) -> list[Number]:
        """The parts on the line, in order."""
        tokens = self.tokens
        gates = {token.column: i for i, token in enumerate(tokens) if token.role == "gate"}
        found = [name for name, one in self.columns.items() if isinstance(one, NumberColumn) and one.axis is not None]
        return [Number(name, gates.get(name)) for name in found]

    def encode(self, coded: Coded) -> Parts:
        """Return coded columns as parts."""
        tokens: list[NDArray[np.int64]] = []
        spans: list[tuple[Floats, Floats, Bools]] = []
        for name, column in self.columns.items():
            one = coded[name]
            if isinstance(column, LevelColumn):
                assert isinstance(one, Discrete)
                tokens += _digits(one.codes.astype(np.int64), column)
                continue
            assert isinstance(one, Continuous)
            levels = column.levels(one.values)
            if column.gate > 1:
                tokens.append(levels)
            if column.axis is not None:
                spans.append(_span(one, column.axis, levels == 0))
        n = len(coded)
        begin, end, active = (_beside([span[i] for span in spans], n) for i in range(3))
        stacked = np.column_stack(tokens) if tokens else np.zeros((n, 0), np.int64)
        return Parts(stacked, begin.astype(np.float32), end.astype(np.float32), active.astype(bool))

    def drawn(self, parts: Parts, draw: np.random.Generator) -> Drawn:
        """Return parts as if a network had drawn them: each number anywhere in its interval."""
        places = parts.begin + (parts.end - parts.begin) * draw.random(parts.begin.shape)
        return Drawn(parts.tokens, np.asarray(ndtri(np.clip(places, 1e-6, 1 - 1e-6)), dtype=np.float64))

    def decode(self, drawn: Drawn) -> Coded:
        """Return drawn parts as coded columns."""
        t = c = 0
        columns: dict[str, CodedColumn] = {}
        for name, column in self.columns.items():
            mine = drawn.tokens[:, t : t + len(column.tokens(name))]
            t += mine.shape[1]
            if isinstance(column, LevelColumn):
                codes = mine[:, 0] if column.base is None else mine[:, 0] * column.base + mine[:, 1]
                levels = max(column.levels, 1)
                columns[name] = Discrete(np.clip(codes, 0, levels - 1).astype(np.int32), levels, column.ordered)
                continue
            here = np.zeros(len(drawn))
            if column.axis is not None:
                here, c = ndtr(drawn.numbers[:, c]), c + 1
            columns[name] = _values(column, mine, here)
        return Coded(columns, len(drawn))

    def known(self, evidence: Evidence) -> Known:
        """Return conditions on columns as conditions on parts."""
        found = Known({}, {}, {})
        t = c = 0
        for name, column in self.columns.items():
            width = len(column.tokens(name))
            body = int(isinstance(column, NumberColumn) and column.axis is not None)
            if name in evidence:
                _conditions(found, column, evidence[name], t if width else None, c)
            t, c = t + width, c + body
        return found

    def state(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """Return the layout as JSON values and arrays."""
        said, arrays = [], {}
        for i, (name, column) in enumerate(self.columns.items()):
            values, found = _column_state(column)
            said.append({"name": name, **values})
            arrays.update({f"layout/{i}/{key}": array for key, array in found.items()})
        return said, arrays

    @classmethod
    def restore(cls, said: list[dict[str, Any]], arrays: dict[str, np.ndarray]) -> Self:
        """Read what `state` returned; ValueError when it fits no layout."""
        columns = {}
        for i, values in enumerate(said):
            mine = {name.split("/", 2)[2]: array for name, array in arrays.items() if name.startswith(f"layout/{i}/")}
            columns[str(values["name"])] = _restored(values, mine)
        return cls(columns)


def nearest(atoms: Floats, values: Floats) -> NDArray[np.int64]:
    """Return the position of the atom (rising) nearest to each value."""
    after = np.searchsorted(atoms, values).clip(1, max(len(atoms) - 1, 1))
    if len(atoms) == 1:
        return np.zeros(len(values), np.int64)
    return np.asarray(after - (values - atoms[after - 1] <= atoms[after] - values), dtype=np.int64)


def _column(column: CodedColumn, k: int) -> ColumnLayout:
    if isinstance(column, Discrete):
        return LevelColumn(column.levels, column.ordered)
    missing = np.isnan(column.values)
    present = column.values[~missing]
    atoms = _atoms(present, k)
    body = present[~np.isin(present, atoms)]
    # A rest of fewer than k rows bears no law of its own: it goes to the atoms.
    axis = NumberAxis.fit(Continuous(body, column.decimals), k) if len(body) >= (k if len(atoms) else 1) else None
    return NumberColumn(atoms, bool(missing.any()), axis, column.decimals)


def _atoms(present: Floats, k: int) -> Floats:
    """The values that stand out of their neighbourhood, or all values when they are few and each is shared."""
    values, counts = np.unique(present, return_counts=True)
    if len(values) <= FEW and (len(values) == 0 or counts.min() >= k):
        return np.asarray(values, dtype=np.float64)
    enough = counts >= max(k, SHARE * len(present))
    padded = np.pad(counts.astype(np.float64), AROUND, mode="reflect" if len(counts) > AROUND else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1)
    out = counts > SPIKE * np.median(windows, axis=1)
    found = np.flatnonzero(enough & out)
    found = np.sort(found[np.argsort(-counts[found], kind="stable")[:ATOMS]])
    return np.asarray(values[found], dtype=np.float64)


def _beside(arrays: list[Any], n: int) -> np.ndarray:
    return np.column_stack(arrays) if arrays else np.zeros((n, 0))


def _digits(codes: NDArray[np.int64], column: LevelColumn) -> list[NDArray[np.int64]]:
    return [codes] if column.base is None else [codes // column.base, codes % column.base]


def _span(column: Continuous, axis: NumberAxis, active: Bools) -> tuple[Floats, Floats, Bools]:
    active = active & ~np.isnan(column.values)
    begin, end = axis.spans(Continuous(np.where(active, column.values, axis.values[0]), column.decimals))
    return np.where(active, begin, 0.0), np.where(active, end, 1.0), active


def _values(column: NumberColumn, gate: NDArray[np.int64], places: Floats) -> Continuous:
    """A continuous column from its gate (n, 0 or 1) and positions (n,)."""
    n = len(places)
    body = np.full(n, np.nan) if column.axis is None else column.axis.at(places).values
    levels = gate[:, 0] if gate.shape[1] else np.zeros(n, np.int64)
    values = np.concatenate(
        ([] if column.axis is None else [np.nan], column.atoms, [np.nan] * column.missing, [np.nan])
    )
    fixed = values[np.clip(levels, 0, max(column.gate - 1, 0))]
    return Continuous(np.where((levels == 0) & (column.axis is not None), body, fixed), column.decimals)


def _within_any(values: Floats, intervals: tuple[tuple[float, float], ...]) -> list[bool]:
    return [any(low <= value <= high for low, high in intervals) for value in values.tolist()]


def _conditions(found: Known, column: ColumnLayout, allowed: Allowed, token: int | None, number: int) -> None:
    """Add the conditions on one column, whose first token and number stand at these positions."""
    if isinstance(column, LevelColumn):
        assert allowed.codes is not None and token is not None
        if column.base is None:
            found.tokens[token] = allowed.codes
            return
        grid = np.zeros((column.tokens("")[0].levels, column.base), bool)
        grid.reshape(-1)[: column.levels] = allowed.codes
        found.tokens[token], found.lows[token + 1] = np.asarray(grid.any(1), dtype=np.bool_), grid
        return
    windows = (
        None if column.axis is None or not allowed.intervals else column.axis.windows(Allowed(None, allowed.intervals))
    )
    body = [] if column.axis is None else [windows is not None and bool((windows[:, 1] > windows[:, 0]).any())]
    inside = _within_any(column.atoms, allowed.intervals)
    levels: Bools = np.array([*body, *inside, *[allowed.missing] * column.missing], dtype=np.bool_)
    if token is not None and levels.any():
        found.tokens[token] = levels
    if windows is not None:
        found.windows[number] = windows


def _column_state(column: ColumnLayout) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if isinstance(column, LevelColumn):
        return {"levels": column.levels, "ordered": column.ordered}, {}
    axis, arrays = (None, {}) if column.axis is None else column.axis.state()
    return {"missing": column.missing, "decimals": column.decimals, "axis": axis}, {"atoms": column.atoms, **arrays}


def _restored(said: dict[str, Any], arrays: dict[str, np.ndarray]) -> ColumnLayout:
    if "levels" in said:
        if int(said["levels"]) < 0:
            raise ValueError("a column has fewer than no levels")
        return LevelColumn(int(said["levels"]), bool(said["ordered"]))
    if any(array.dtype != np.float64 for array in arrays.values()):
        raise ValueError("a column's law is not of float64")
    axis = None if said["axis"] is None else NumberAxis.restore(said["axis"], arrays)
    atoms = arrays["atoms"]
    if atoms.ndim != 1 or not np.isfinite(atoms).all() or (np.diff(atoms) <= 0).any():
        raise ValueError("the atoms of a column do not rise")
    decimals = None if said["decimals"] is None else int(said["decimals"])
    return NumberColumn(atoms, bool(said["missing"]), axis, decimals)
