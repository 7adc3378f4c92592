"""Balance: other shares of a column's levels than the training rows have, drawn as such and not picked out after.

Each level gets its exact number of rows, drawn under the condition that the column has this level: the law of all
other columns given the level stays the model's. Worth it is decided elsewhere, on real rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fidelia.encode.levels import LevelCoder
from fidelia.errors import UsageError
from fidelia.generate.conditions import OR, Given, Words, level_code

if TYPE_CHECKING:
    from fidelia.encode.codes import Floats
    from fidelia.encode.columns import TableCoder
    from fidelia.generate.catalog import Generator


@dataclass(frozen=True, slots=True)
class Balance:
    """Wanted shares of the levels of one column.

    Parameters
    ----------
    column : str
        A category or boolean.
    shares : tuple of (level, float)
        The shares of some levels, of at most 1 together; the others share the rest by their frequencies. Empty: all
        levels alike.

    Examples
    --------
    >>> Balance.parse("income")
    Balance(column='income', shares=())
    >>> Balance.parse("income=>50K:0.5").shares
    ((Words(text='>50K'), 0.5),)
    """

    column: str
    shares: tuple[tuple[Any, float], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``column``, or ``column=level:share|level:share``.

        Raises
        ------
        UsageError
            When a share is no number.
        """
        column, sign, rest = text.partition("=")
        return cls(column, tuple(_share(part, text) for part in rest.split(OR)) if sign else ())

    @classmethod
    def of(cls, column: str, shares: Mapping[Any, float] | None = None) -> Self:
        """Read shares from a dict."""
        return cls(column, tuple((level, float(share)) for level, share in (shares or {}).items()))

    def quotas(self, generator: Generator, n: int) -> list[tuple[Any, int]]:
        """Return how many of `n` rows each level gets, by largest remainders.

        Raises
        ------
        UsageError
            When the column has no levels, or the shares cannot be.
        """
        coder, k = levels_of(generator, self.column)
        wanted = self._wanted(coder, k)
        exact = wanted * n
        rows = np.floor(exact).astype(int)
        most = np.argsort(-(exact - rows), kind="stable")[: n - rows.sum()]
        rows[most] += 1
        levels = coder.levels.to_pylist()
        return [(level, count) for level, count in zip(levels, rows.tolist(), strict=True) if count]

    def _wanted(self, coder: LevelCoder, k: int) -> Floats:
        """Shares by level, of sum 1."""
        if not self.shares:
            return np.full(len(coder.levels), 1 / len(coder.levels))
        wanted = np.full(len(coder.levels), np.nan)
        for level, share in self.shares:
            checked = _checked(share, self.column, level)
            wanted[level_code(coder, self.column, level, k)] = checked
        rest = 1 - float(np.nansum(wanted))
        free = np.isnan(wanted)
        if rest < -1e-9 or (rest > 1e-9 and not free.any()):
            raise UsageError(f"balance of {self.column!r}: the shares add up to {1 - rest:g}, not to 1")
        wanted[free] = max(rest, 0.0) * coder.counts[free] / max(coder.counts[free].sum(), 1)
        return np.asarray(wanted / wanted.sum())


def balance_from(balance: Balance | str | Mapping[str, Mapping[Any, float]] | None) -> Balance | None:
    """Return a balance in any of its forms: ``"income"``, ``"income=>50K:0.5"``, ``{"income": {">50K": 0.5}}``.

    Raises
    ------
    UsageError
        When there is more than one column.
    """
    if balance is None or isinstance(balance, Balance):
        return balance
    if isinstance(balance, str):
        return Balance.parse(balance)
    if len(balance) != 1:
        raise UsageError(f"a balance is of one column, not of {len(balance)}: {', '.join(map(str, balance))}")
    return Balance.of(*next(iter(balance.items())))


def also(given: Given | None, column: str, level: Any) -> Given:
    """Return the conditions with ``column = level`` added."""
    given = given or Given()
    if column in given.names:
        raise UsageError(f"column {column!r} is both balanced and given; choose one")
    return replace(given, values=(*given.values, (column, level)))


def levels_of(generator: Generator, column: str) -> tuple[LevelCoder, int]:
    """Return the levels of a column as a generator has learnt them, and the fewest rows that hold each.

    Raises
    ------
    UsageError
        When there is no such column, or it has no levels that can be drawn.
    """
    coder: TableCoder | None = getattr(generator, "coder_", None)
    if coder is None:
        raise UsageError(f"{type(generator).__name__} does not say which levels it has learnt; use conditions")
    coder.schema[column]
    found = coder.coders[column]
    if not isinstance(found, LevelCoder) or not len(found.levels):
        discrete = [name for name, one in coder.coders.items() if isinstance(one, LevelCoder)]
        raise UsageError(f"column {column!r} has no levels to balance; columns that have: {', '.join(discrete)}")
    return found, coder.k


def _share(part: str, text: str) -> tuple[Words, float]:
    level, sign, share = part.rpartition(":")
    try:
        return Words(level if sign else part), float(share if sign else "nan")
    except ValueError:
        raise UsageError(f"balance {text!r}: {share!r} is no share; write COLUMN=LEVEL:0.5|LEVEL:0.5") from None


def _checked(share: float, column: str, level: Any) -> float:
    if level is None:
        raise UsageError(
            f"balance of {column!r}: missing values are no level; draw them with given={{{column!r}: None}}"
        )
    if not 0 <= share <= 1:
        said = level.text if isinstance(level, Words) else level
        raise UsageError(f"balance of {column!r}: the share of {said!r} must lie between 0 and 1, as in {said}:0.5")
    return share
