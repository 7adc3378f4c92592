"""Tables by hand: a schema written down, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from fidelia.data.table import Table
from fidelia.measure.case import Case
from fidelia.measure.space.tabular import Tabular
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Role, Schema


def table(frame: pd.DataFrame, kinds: Mapping[str, Kind] | None = None, target: str | None = None) -> Table:
    kinds = kinds or {}
    columns = tuple(
        Column(name, kinds.get(name, _kind(frame[name])), Role.TARGET if name == target else Role.FEATURE)
        for name in frame.columns
    )
    return Table(pa.Table.from_pandas(frame, preserve_index=False), Schema(columns))


def _kind(values: pd.Series) -> Kind:
    if pd.api.types.is_bool_dtype(values):
        return Kind.BOOLEAN
    if pd.api.types.is_datetime64_any_dtype(values):
        return Kind.DATETIME
    return Kind.NUMBER if pd.api.types.is_numeric_dtype(values) else Kind.CATEGORY


def mixed(n: int, seed: int, *, flip: float = 0.0) -> pd.DataFrame:
    """Dependent numbers and categories with missing values and a learnable target; `flip` breaks the dependence."""
    r = np.random.default_rng(seed)
    x = r.normal(size=n)
    y = 0.7 * x + 0.7 * r.normal(size=n)
    group = np.where(x + 0.5 * r.normal(size=n) > 0, "north", np.where(r.random(n) < 0.5, "south", "west"))
    target = np.where(x + y + r.normal(size=n) > 0, "yes", "no")
    broken = r.random(n) < flip
    y, group = np.where(broken, r.permutation(y), y), np.where(broken, r.permutation(group), group)
    frame = pd.DataFrame({"x": x, "y": y, "group": group, "count": r.poisson(3, n).astype(float), "label": target})
    frame.loc[r.random(n) < 0.1 + 0.1 * (x > 0), "count"] = np.nan
    frame.loc[r.random(n) < 0.05, "group"] = None
    return frame


def case(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, **how: object) -> Case:
    target = how.pop("target", None)
    kinds = how.pop("kinds", None)
    sides = [None if f is None else table(f, kinds, target) for f in (train, synthetic, holdout)]
    return Case(sides[0], sides[1], sides[2], Rng(0))


def points(rows: np.ndarray) -> pd.DataFrame:
    rows = rows.reshape(len(rows), -1)
    return pd.DataFrame({f"x{i}": rows[:, i] for i in range(rows.shape[1])})


class Identity:
    """An axis that leaves numbers as they are, so that closed forms hold."""

    def transform(self, array: pa.Array) -> np.ndarray:
        return array.to_numpy(zero_copy_only=False)[:, None]

    def content(self) -> bytes:
        return b""


def raw_case(train: np.ndarray, synthetic: np.ndarray, holdout: np.ndarray | None) -> Case:
    """A case whose distances are the plain ones between the given rows."""
    made = case(*(None if side is None else points(side) for side in (train, synthetic, holdout)))
    names = made.schema.names
    blocks = {name: slice(i, i + 1) for i, name in enumerate(names)}
    return replace(made, embedding=Tabular(dict.fromkeys(names, Identity()), blocks, len(names), "raw"))
