"""Draw any number of rows from a fitted generator in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import UsageError
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fidelia.data.table import Table
    from fidelia.generate.balance import Balance
    from fidelia.generate.catalog import Generator
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

BATCH = 50_000


def stream(
    generator: Generator,
    n: int,
    *,
    given: Given | None = None,
    balance: Balance | None = None,
    rng: Rng,
    batch: int = BATCH,
    progress: Progress = SILENT,
) -> Iterator[Table]:
    """Draw `n` rows in tables of at most `batch` rows; the i-th depends on ``rng.child("batch/i")`` alone.

    Parameters
    ----------
    generator : Generator
        Fitted.
    n : int
        How many rows; 0 gives one empty table.
    given : Given or None
        Conditions that every row obeys.
    balance : Balance or None
        Shares that the levels of one column shall have.
    batch : int
        Most rows in memory at once.

    Raises
    ------
    UsageError
        When `n` or `batch` cannot be a number of rows, or a condition cannot hold.
    """
    n, batch = rows(n), rows(batch, least=1)
    return _stream(generator, n, given, balance, rng, batch, progress)


def _stream(
    generator: Generator,
    n: int,
    given: Given | None,
    balance: Balance | None,
    rng: Rng,
    batch: int,
    progress: Progress,
) -> Iterator[Table]:
    with progress.stage("sample", n) as tick:
        for i, first in enumerate(range(0, max(n, 1), batch)):
            size, mine = min(batch, n - first), rng.child(f"batch/{i}")
            if balance is None:
                yield generator.sample(size, given=given, rng=mine, first=first)
            else:
                yield _balanced(generator, size, given, balance, mine, first)
            tick(size)


def _balanced(generator: Generator, n: int, given: Given | None, balance: Balance, rng: Rng, first: int) -> Table:
    """Draw each level's rows under its condition, and shuffle them."""
    from fidelia.generate.balance import also

    parts, done = [generator.sample(0, given=given, rng=rng, first=first)], 0
    for i, (level, count) in enumerate(balance.quotas(generator, n)):
        under = also(given, balance.column, level)
        parts.append(generator.sample(count, given=under, rng=rng.child(f"level/{i}"), first=first + done))
        done += count
    return joined(parts).take(rng.child("order").generator().permutation(n))


def joined(tables: list[Table]) -> Table:
    """Return the rows of tables of one kind, one after the other, as one table."""
    import pyarrow as pa

    if len(tables) == 1:
        return tables[0]
    found = tables[0].with_arrow(pa.concat_tables([table.arrow for table in tables]).combine_chunks())
    features = [table.features for table in tables if table.features is not None]
    return replace(found, features=np.concatenate(features)) if len(features) == len(tables) else found


def sample(
    generator: Generator,
    n: int,
    *,
    given: Given | None = None,
    balance: Balance | None = None,
    rng: Rng,
    batch: int = BATCH,
    progress: Progress = SILENT,
) -> Table:
    """Draw `n` rows as one table; the same rows as `stream` gives."""
    return joined(list(stream(generator, n, given=given, balance=balance, rng=rng, batch=batch, progress=progress)))


def rows(n: int, least: int = 0) -> int:
    """Return `n` as a number of rows.

    Raises
    ------
    UsageError
        When it is no whole number of at least `least`, or beyond what a table can hold.
    """
    if isinstance(n, bool | np.bool_) or not isinstance(n, int | np.integer):
        raise UsageError(f"n = {n!r}: the number of rows is a whole number")
    if not least <= n < 2**40:
        raise UsageError(f"n = {n:,}: the number of rows lies between {least} and {2**40 - 1:,}")
    return int(n)
