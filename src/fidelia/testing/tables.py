"""Tables on which components are tested: one with every kind of column, and those that have broken others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from fidelia.data.table import Table
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

ROWS = 300


def everyday(flavour: Any = "pandas", rows: int = ROWS) -> Table:
    """Return a table with every kind of column, missing values, and values that single rows hold."""
    draw = np.random.Generator(np.random.PCG64(11))
    level = draw.choice(["red", "green", "blue"], rows)
    gaps = draw.random(rows) < 0.2
    start = np.datetime64("2024-01-01T00:00:00", "s")
    price = 100 + 50 * (level == "red") + draw.normal(size=rows).round(2)
    columns = {
        "price": pa.array(price),
        "precise": pa.array(draw.normal(size=rows) * 1e6 + price),
        "count": pa.array(draw.integers(0, 9, rows), pa.int8()),
        "größe": pa.array(draw.integers(0, 9, rows), pa.int64(), mask=gaps),
        "level": pa.array([*level[:-2].tolist(), "qwxzrareone", "qwxzraretwo"]),
        "grade": pa.DictionaryArray.from_arrays(
            pa.array(draw.integers(0, 2, rows), pa.int8()), pa.array(["low", "high", "unused"]), ordered=True
        ),
        "yes": pa.array(draw.random(rows) < 0.3, mask=~gaps & (draw.random(rows) < 0.1)),
        "when": pa.array(start + draw.integers(0, 10**7, rows), pa.timestamp("s", "Europe/Paris")),
        "day": pa.array(np.datetime64("2020-01-01") + draw.integers(0, 900, rows), pa.date32()),
        "big": pa.array(2**60 + draw.integers(0, 10**9, rows)),
        "id": pa.array([f"key-{n:06d}" for n in draw.permutation(rows) + 500]),
        "note": pa.array([None if n % 7 == 0 else f"said zq{n:05d}zq again" for n in range(rows)]),
    }
    number, integer, category = Kind.NUMBER, Kind.INTEGER, Kind.CATEGORY
    kinds = [number, number, integer, integer, category, category, Kind.BOOLEAN, Kind.DATETIME, Kind.DATETIME]
    return _table(columns, [*kinds, integer, Kind.ID, Kind.TEXT], flavour)


def moved(rows: int = 120) -> Table:
    """Return a small table of another domain than `everyday`: prices, levels and columns are others in part."""
    like = everyday(rows=ROWS + rows)
    arrow = like.arrow.slice(ROWS).drop_columns(["count"])
    names = arrow.column_names
    price = pa.array(np.asarray(arrow["price"]) + 500)
    level = pa.array(["violet" if i % 3 == 0 else value for i, value in enumerate(arrow["level"].to_pylist())])
    for name, values in (("price", price), ("level", level)):
        arrow = arrow.set_column(names.index(name), name, values)
    draw = np.random.Generator(np.random.PCG64(13))
    arrow = arrow.append_column("extra", pa.array(np.asarray(price) / 100 + draw.normal(size=rows).round(1)))
    columns = (*(column for column in like.schema if column.name != "count"), Column("extra", Kind.NUMBER))
    return Table(arrow.combine_chunks(), Schema(columns), like.flavour)


def peculiar() -> dict[str, Table]:
    """Return small tables that have broken other generators, by name."""
    n = 60
    draw = np.random.Generator(np.random.PCG64(12))
    x = pa.array(draw.normal(size=n))
    number, category = Kind.NUMBER, Kind.CATEGORY
    many = [f"L{i:05d}" for i in range(10_000)] * 2
    return {
        "constant": _table({"c": pa.array([3.5] * n), "d": pa.array(["a"] * n), "x": x}, [number, category, number]),
        "all missing": _table(
            {"c": pa.nulls(n, pa.float64()), "d": pa.nulls(n, pa.string()), "e": pa.nulls(n), "x": x},
            [number, category, category, number],
        ),
        "nearly all missing": _table({"c": pa.array([1.5, *[None] * (n - 1)]), "x": x}, [number, number]),
        "one row": _table({"x": pa.array([1.5]), "c": pa.array(["a"])}, [number, category]),
        "two rows": _table({"x": pa.array([1.5, 2.5]), "c": pa.array(["a", "b"])}, [number, category]),
        "one column": _table({"x": x}, [number]),
        "ids alone": _table({"id": pa.array(range(n))}, [Kind.ID]),
        "unicode names": _table(
            {"": x, "名前 =|..": pa.array(["é", "ß"] * (n // 2)), "a/b\n": x}, [number, category, number]
        ),
        "10,000 levels": _table({"c": pa.array(many), "x": pa.array(np.arange(20_000.0))}, [category, number]),
        "id-like category": _table({"c": pa.array([f"u{i}" for i in range(n)]), "x": x}, [category, number]),
        "huge numbers": _table(
            {"x": pa.array(draw.normal(size=n) * 1e300), "y": pa.array(draw.normal(size=n) * 1e-300)}, [number, number]
        ),
        "wide integers": _table(
            {
                "x": pa.array(draw.integers(-(2**63), 2**63 - 1, n)),
                "u": pa.array([2**64 - 1, 0] * (n // 2), pa.uint64()),
            },
            [Kind.INTEGER, Kind.INTEGER],
        ),
    }


def _table(columns: dict[str, pa.Array], kinds: list[Kind], flavour: Any = "pyarrow") -> Table:
    described = (
        Column(name, kind, nullable=array.null_count > 0)
        for (name, array), kind in zip(columns.items(), kinds, strict=True)
    )
    return Table(pa.table(columns), Schema(tuple(described)), flavour)
