"""The contract that every generator keeps, as small named checks, one function each."""

from __future__ import annotations

import inspect
import os
import random
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fidelia.data.table import Table
from fidelia.errors import NotApplicable, UsageError
from fidelia.generate import bundle
from fidelia.generate.catalog import Generator, Tunable, find
from fidelia.generate.conditions import Given
from fidelia.generate.sampling import sample, stream
from fidelia.rng import Rng
from fidelia.testing.tables import ROWS, everyday, moved, peculiar

Check = Callable[["Subject"], None]
CHILD = """
import sys
import pyarrow as pa
from fidelia.generate import bundle
from fidelia.generate.sampling import sample
from fidelia.rng import Rng
model = bundle.load(sys.argv[1]).generator
drawn = sample(model, 100, rng=Rng(7)).arrow
with pa.ipc.new_file(sys.argv[2], drawn.schema) as writer:
    writer.write_table(drawn)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A generator under test.

    Parameters
    ----------
    kind : type
        Its class.
    name : str
        Its name in the catalog, or the class's.
    parameters : mapping
        With which it is made.
    alternatives : mapping
        For each parameter a value with which it draws other rows.
    """

    kind: type[Generator]
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    alternatives: Mapping[str, Any] = field(default_factory=dict)

    def make(self, **more: Any) -> Generator:
        """Return a new, unfitted generator."""
        return self.kind(**{**self.parameters, **more})

    def fitted(self, table: Table, seed: int = 0) -> Generator:
        """Return a new generator that has learnt `table`."""
        return self.make().fit(table, rng=Rng(seed))

    def saved(self, table: Table, path: Path) -> Generator | None:
        """Fit, save and return a generator; None when it declines to be saved."""
        model = self.fitted(table)
        try:
            bundle.save(path, generator_name=self.name, generator=model, schema=table.schema)
        except NotApplicable:
            return None
        return model


def check_generator(
    generator: str | type[Generator],
    *,
    parameters: Mapping[str, Any] | None = None,
    alternatives: Mapping[str, Any] | None = None,
) -> None:
    """Run every check on a generator; the first that fails raises AssertionError.

    Parameters
    ----------
    generator : str or class
        A name in the catalog, or the class itself (then what needs a catalog name, saving, is not checked).
    parameters : mapping or None
        With which it is made.
    alternatives : mapping or None
        For each parameter a value that must change what is drawn.
    """
    for _, check in generator_checks():
        check(subject(generator, parameters, alternatives))


def generator_checks() -> Iterator[tuple[str, Check]]:
    """Yield the name and the function of every check."""
    for name, value in list(globals().items()):
        if name.startswith("check_") and name != "check_generator":
            yield name.removeprefix("check_"), value


def subject(
    generator: str | type[Generator],
    parameters: Mapping[str, Any] | None = None,
    alternatives: Mapping[str, Any] | None = None,
) -> Subject:
    """Return what the checks take."""
    kind = find(generator) if isinstance(generator, str) else generator
    name = generator if isinstance(generator, str) else kind.__name__
    return Subject(kind, name, parameters or {}, alternatives or {})


def check_init_only_stores(it: Subject) -> None:
    """The constructor stores its parameters under their names, reads no data and has a default for each."""
    made = it.make()
    for name, parameter in inspect.signature(it.kind).parameters.items():
        assert parameter.default is not inspect.Parameter.empty, f"parameter {name!r} has no default"
        assert getattr(made, name) == it.parameters.get(name, parameter.default), f"parameter {name!r} is not stored"
    assert isinstance(made, Generator)


def check_parameters_have_an_effect(it: Subject) -> None:
    """Every parameter for which there is an alternative changes what is drawn."""
    table = everyday()
    usual = _bytes(sample(it.fitted(table), 200, rng=Rng(3)))
    for name, value in it.alternatives.items():
        other = it.make(**{name: value}).fit(table, rng=Rng(0))
        assert getattr(other, name) == value
        assert _bytes(sample(other, 200, rng=Rng(3))) != usual, f"parameter {name!r} has no effect"


def check_fit_returns_itself_and_leaves_its_input(it: Subject) -> None:
    """`fit` returns the generator, and the table is as before."""
    table, model = everyday(), it.make()
    before = _bytes(table)
    assert model.fit(table, rng=Rng(0)) is model
    assert _bytes(table) == before


def check_seeds(it: Subject) -> None:
    """The same seeds give the same bytes; another seed of the draw gives others."""
    table = everyday()
    one, two = it.fitted(table), it.fitted(table)
    assert _bytes(sample(one, 200, rng=Rng(1))) == _bytes(sample(two, 200, rng=Rng(1)))
    assert _bytes(sample(one, 200, rng=Rng(1))) != _bytes(sample(one, 200, rng=Rng(2)))


def check_any_number_of_rows(it: Subject) -> None:
    """0, 1 and 1,000 rows can be drawn, in one piece or in batches."""
    model = it.fitted(everyday())
    for n in (0, 1, 1000):
        assert len(sample(model, n, rng=Rng(1))) == n
    assert [len(part) for part in stream(model, 250, rng=Rng(1), batch=100)] == [100, 100, 50]


def check_wrong_numbers_of_rows_are_refused(it: Subject) -> None:
    """Negative, fractional and absurd numbers of rows raise UsageError."""
    model = it.fitted(everyday())
    for n in (-1, 2.5, 2**60):
        try:
            model.sample(n, rng=Rng(0))  # type: ignore[arg-type]
        except UsageError:
            continue
        raise AssertionError(f"n = {n} was accepted")


def check_types_are_kept(it: Subject) -> None:
    """Names, order, Arrow types, dictionaries and missing values are those of the training table."""
    table = everyday()
    drawn = sample(it.fitted(table), 1000, rng=Rng(1))
    _same_types(table, drawn)
    for name in table.schema.names:
        assert (drawn[name].null_count > 0) == (table[name].null_count > 0), f"column {name!r}: missing values"
    assert drawn["grade"].dictionary.equals(table["grade"].dictionary)
    assert set(drawn["level"].to_pylist()) <= set(table["level"].to_pylist())


def check_peculiar_tables(it: Subject) -> None:
    """Constant, empty, tiny, wide and strange columns are learnt and drawn."""
    for name, table in peculiar().items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drawn = sample(it.fitted(table), 50, rng=Rng(1))
        assert len(drawn) == 50, name
        _same_types(table, drawn)
        for column in table.schema:
            if table[column.name].null_count == len(table):
                assert drawn[column.name].null_count == 50, f"{name}: column {column.name!r}"


def check_ids_are_new_and_unique(it: Subject) -> None:
    """Ids are made anew: none of the training ids, none twice, over batches too."""
    table = everyday()
    drawn = [part["id"].to_pylist() for part in stream(it.fitted(table), 900, rng=Rng(1), batch=400)]
    made = [value for part in drawn for value in part]
    assert len(set(made)) == 900
    assert not set(made) & set(table["id"].to_pylist())


def check_texts_hold_no_rare_word(it: Subject) -> None:
    """Words that single rows hold never appear."""
    text = " ".join(filter(None, sample(it.fitted(everyday()), 500, rng=Rng(1))["note"].to_pylist()))
    assert "again" in text
    assert not {f"zq{n:05d}zq" for n in range(ROWS)} & set(text.split())


def check_conditions_are_obeyed(it: Subject) -> None:
    """Every row obeys values, alternatives, ranges and missing, alone and together."""
    model = it.fitted(everyday())
    asked = ["level=red|blue", "price=100..120", "count=3", "größe=|2..5", "when=2024-02-01..2024-03-31", "yes=true"]
    for texts in (*([text] for text in asked), asked[:2], asked):
        drawn = sample(model, 120, given=Given.parse(texts), rng=Rng(1)).arrow
        for text in texts:
            assert bool(pc.all(_OBEYS[text.partition("=")[0]](drawn)).as_py()), f"{text} among {texts}"


def check_conditions_that_cannot_hold_are_refused(it: Subject) -> None:
    """Unknown columns and levels, empty ranges and ids raise UsageError."""
    model = it.fitted(everyday())
    for text in ("nope=1", "level=violet", "price=9..1", "price=1e9..2e9", "id=key-000500", "note=x"):
        try:
            sample(model, 10, given=Given.parse([text]), rng=Rng(0))
        except UsageError:
            continue
        raise AssertionError(f"condition {text!r} was accepted")


def check_saved_models_draw_the_same_in_a_fresh_process(it: Subject) -> None:
    """A saved model, loaded elsewhere, draws the same rows; saving twice gives the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        place, rows = Path(folder, "m.fidelia"), Path(folder, "rows.arrow")
        model = it.saved(everyday(), place)
        if model is None:
            return
        first = place.read_bytes()
        it.saved(everyday(), place)
        assert place.read_bytes() == first
        subprocess.run([sys.executable, "-c", CHILD, str(place), str(rows)], check=True)
        wanted = sample(model, 100, rng=Rng(7)).arrow
        assert pa.ipc.open_file(rows.read_bytes()).read_all().equals(wanted)


def check_bundles_of_peculiar_tables(it: Subject) -> None:
    """Models of strange tables come back from their files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in peculiar().items():
            place = Path(folder, "m.fidelia")
            model = it.saved(table, place)
            if model is None:
                return
            again = sample(bundle.load(place).generator, 30, rng=Rng(5))
            assert _bytes(again) == _bytes(sample(model, 30, rng=Rng(5))), name


def check_bundles_hold_nothing_of_single_rows(it: Subject) -> None:
    """No number, level, id or word that fewer than k rows hold stands in a saved model, as text or as bytes."""
    table = everyday()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "m.fidelia")
        if it.saved(table, place) is None:
            return
        with zipfile.ZipFile(place) as file:
            content = b"\n".join(file.read(name) for name in file.namelist())
    for value in np.asarray(table["precise"]).tolist():
        assert repr(value).encode() not in content, f"number {value!r}"
        assert np.float64(value).tobytes() not in content, f"number {value!r}"
    words = ["qwxzrare", *(f"zq{n:05d}zq" for n in range(ROWS)), *table["id"].to_pylist()]
    words += [str(value) for value in table["big"].to_pylist()]
    for word in words:
        assert word.encode() not in content, f"{word!r}"


def check_tuned_on_another_table(it: Subject) -> None:
    """A generator that can be tuned draws the columns, levels and conditions of the other table, and is as before."""
    model, table = it.fitted(everyday()), moved()
    if not isinstance(model, Tunable):
        return
    before = _bytes(sample(model, 100, rng=Rng(2)))
    made = model.tuned(table, rng=Rng(0))
    drawn = sample(made, 300, rng=Rng(1))
    assert _bytes(sample(model, 100, rng=Rng(2))) == before
    assert _bytes(sample(model.tuned(table, rng=Rng(0)), 300, rng=Rng(1))) == _bytes(drawn)
    assert sorted(drawn.schema.names) == sorted(table.schema.names)
    for name in table.schema.names:
        assert drawn[name].type.equals(table[name].type), f"column {name!r}: {drawn[name].type}"
    given = Given.parse(["level=violet", "extra=5..8"])
    rows = sample(made, 50, given=given, rng=Rng(1)).arrow
    assert pc.all(pc.equal(rows["level"], "violet")).as_py() and pc.min(rows["extra"]).as_py() >= 5


def check_tuned_bundles_hold_nothing_of_single_rows(it: Subject) -> None:
    """What is tuned is saved and loaded like any other model, and holds no value of single rows of either table."""
    model, table = it.fitted(everyday()), moved()
    if not isinstance(model, Tunable):
        return
    made = model.tuned(table, rng=Rng(0))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "m.fidelia")
        bundle.save(place, generator_name=it.name, generator=made, schema=made.sample(0, rng=Rng(0)).schema)
        again = sample(bundle.load(place).generator, 60, rng=Rng(5))
        assert _bytes(again) == _bytes(sample(made, 60, rng=Rng(5)))
        with zipfile.ZipFile(place) as file:
            content = b"\n".join(file.read(name) for name in file.namelist())
    for value in np.asarray(table["precise"]).tolist():
        assert np.float64(value).tobytes() not in content, f"number {value!r}"
    for word in ("qwxzrare", *table["id"].to_pylist(), *map(str, table["big"].to_pylist())):
        assert word.encode() not in content, f"{word!r}"


def check_nothing_global_is_touched(it: Subject) -> None:
    """Global random states, warning filters and the working directory are as before."""

    def drawn_from() -> tuple[Any, ...]:
        torch = sys.modules.get("torch")
        drawn = None if torch is None else (torch.get_rng_state().numpy().tobytes(), torch.get_num_threads())
        return str(np.random.get_state()), drawn, Path.cwd()  # noqa: NPY002

    def state() -> tuple[Any, ...]:
        return *drawn_from(), random.getstate(), list(warnings.filters), dict(os.environ)

    it.make()
    untouched = drawn_from()
    it.fitted(everyday())  # the rest may change once, by what libraries import on first use
    before = state()
    assert before[:3] == untouched
    sample(it.fitted(everyday()), 50, rng=Rng(1))
    assert state() == before


def check_frames_come_back_in_their_flavour(it: Subject) -> None:
    """pandas in, pandas out; polars in, polars out; with the same dtypes."""
    import pandas as pd

    table = everyday("pandas")
    frame = sample(it.fitted(table), 40, rng=Rng(1)).native()
    assert isinstance(frame, pd.DataFrame)
    assert frame.dtypes.equals(table.native().dtypes)
    polars = everyday("polars")
    try:
        drawn = sample(it.fitted(polars), 40, rng=Rng(1)).native()
    except ImportError:
        return
    assert type(drawn).__module__.startswith("polars")
    assert drawn.schema == polars.native().schema


def _bytes(table: Table) -> bytes:
    """The table's content as bytes, whatever its chunks."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.arrow.schema) as writer:
        writer.write_table(table.arrow.combine_chunks())
    return bytes(sink.getvalue().to_pybytes())


def _same_types(table: Table, drawn: Table) -> None:
    assert drawn.arrow.column_names == table.arrow.column_names
    for name in table.schema.names:
        assert drawn[name].type.equals(table[name].type), f"column {name!r}: {drawn[name].type}, not {table[name].type}"
    assert drawn.schema == table.schema
    assert drawn.flavour == table.flavour


def _between(name: str, low: Any, high: Any) -> Callable[[pa.Table], Any]:
    def inside(rows: pa.Table) -> Any:
        values = pc.local_timestamp(rows[name]) if pa.types.is_timestamp(rows[name].type) else rows[name]
        bounds = [pa.scalar(bound).cast(values.type) for bound in (low, high)]
        return pc.fill_null(pc.and_(pc.greater_equal(values, bounds[0]), pc.less_equal(values, bounds[1])), True)

    return inside


_OBEYS: dict[str, Callable[[pa.Table], Any]] = {
    "level": lambda rows: pc.is_in(rows["level"], value_set=pa.array(["red", "blue"])),
    "price": _between("price", 100.0, 120.0),
    "count": lambda rows: pc.equal(rows["count"], 3),
    "größe": _between("größe", 2, 5),
    "when": _between("when", np.datetime64("2024-02-01T00:00:00"), np.datetime64("2024-03-31T23:59:59")),
    "yes": lambda rows: pc.fill_null(rows["yes"], False),
}
