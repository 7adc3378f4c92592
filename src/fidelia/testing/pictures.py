"""The contract that every generator of pictures keeps, as small named checks, one function each."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fidelia.data.images.imageset import ImageSet
from fidelia.data.table import Table
from fidelia.errors import BundleError, SchemaError, UsageError
from fidelia.generate import bundle
from fidelia.generate.balance import Balance
from fidelia.generate.catalog import State, find
from fidelia.generate.conditions import Given
from fidelia.generate.effort import Effort
from fidelia.generate.sampling import sample, stream
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema
from fidelia.testing.generators import CHILD, _bytes

PictureCheck = Callable[["Painter"], None]
FEW = 120
SOME = 7


@dataclass(frozen=True)
class Painter:
    """A generator of pictures under test.

    Parameters
    ----------
    name : str
        Its name in the catalog.
    parameters : mapping
        With which it is made: few steps, for the contract does not ask for quality.
    """

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        """Return a new, unfitted generator."""
        return find(self.name)(**self.parameters)

    def fitted(self, images: ImageSet, seed: int = 0) -> Any:
        """Return a new generator that has learnt these pictures."""
        return self.make().fit(images.table(), rng=Rng(seed))

    @cached_property
    def model(self) -> Any:
        """A generator that has learnt the digits; no check changes it."""
        return self.fitted(digits())


def digits(n: int = FEW) -> ImageSet:
    """Return handwritten digits of 8 x 8 pixels with their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = np.rint(found.images[:n, ..., None] * (255 / 16)).astype(np.uint8)
    return ImageSet(pixels, tuple(str(label) for label in found.target[:n]))


def odd_pictures() -> dict[str, ImageSet]:
    """Return small sets of pictures that have broken generators, by name."""
    few = digits(30)
    tall = np.random.Generator(np.random.PCG64(5)).integers(0, 256, (12, 13, 9, 3)).astype(np.uint8)
    labels = few.labels or ()
    return {
        "one picture": few.take([0]),
        "two pictures": few.take([0, 1]),
        "no labels": few.without_labels(),
        "one class": replace(few, labels=("a",) * len(few)),
        "all alike": few.take([3] * 20),
        "all black": ImageSet(np.zeros((20, 8, 8, 1), np.uint8)),
        "labels are missing": replace(few, labels=(None, *labels[1:-1], None)),
        "no label at all": replace(few, labels=(None,) * len(few)),
        "colour, odd sides": ImageSet(tall, ("a", "b") * 6),
    }


def check_pictures(name: str, **parameters: Any) -> None:
    """Run every check on a generator of pictures of the catalog; the first that fails raises AssertionError."""
    it = Painter(name, parameters)
    for _, check in picture_checks():
        check(it)


def picture_checks() -> Iterator[tuple[str, PictureCheck]]:
    """Yield the name and the function of every check."""
    for name, value in list(globals().items()):
        if name.startswith("check_") and name != "check_pictures":
            yield name.removeprefix("check_"), value


def check_fit_returns_itself_and_leaves_its_input(it: Painter) -> None:
    """`fit` returns the generator, and the table is as before."""
    table, model = digits().table(), it.make()
    before = _bytes(table)
    assert model.fit(table, rng=Rng(0)) is model
    assert _bytes(table) == before


def check_seeds(it: Painter) -> None:
    """The same seeds give the same bytes; another seed of the draw gives others."""
    again = it.fitted(digits())
    one, two, other = (sample(model, 20, rng=Rng(seed)) for model, seed in ((it.model, 1), (again, 1), (again, 2)))
    assert _bytes(one) == _bytes(two)
    assert _bytes(one) != _bytes(other)


def check_pictures_have_the_form_of_the_training(it: Painter) -> None:
    """Columns, types, sizes and labels are those of the training; pictures are numbered and differ."""
    table = digits().table()
    drawn = sample(it.model, 60, rng=Rng(1))
    assert drawn.schema == table.schema
    assert [one.type for one in drawn.arrow.columns] == [one.type for one in table.arrow.columns]
    images = ImageSet.of(drawn)
    assert images.shape == (8, 8, 1)
    assert images.names == tuple(str(i) for i in range(60))
    assert set(images.labels or ()) <= set("0123456789")
    assert len(np.unique(images.pixels.reshape(60, -1), axis=0)) == 60


def check_any_number_of_pictures(it: Painter) -> None:
    """0 and 1 pictures, and batches whose numbers go on from one to the next."""
    for n in (0, 1):
        assert ImageSet.of(sample(it.model, n, rng=Rng(1))).pixels.shape == (n, 8, 8, 1)
    parts = [ImageSet.of(part) for part in stream(it.model, 25, rng=Rng(1), batch=10)]
    assert [len(part) for part in parts] == [10, 10, 5]
    assert [name for part in parts for name in part.names] == [str(i) for i in range(25)]
    for wrong in (-1, 2.5):
        with refused(UsageError):
            it.model.sample(wrong, rng=Rng(0))


def check_labels_are_as_asked(it: Painter) -> None:
    """Every picture has one of the labels given; a balance is exact."""
    drawn = sample(it.model, 40, given=Given.parse(["label=3|5"]), rng=Rng(1))
    assert set(drawn["label"].to_pylist()) == {"3", "5"}
    even = sample(it.model, 20, balance=Balance.of("label", {}), rng=Rng(1))
    assert sorted(even["label"].to_pylist()) == sorted("0123456789" * 2)


def check_conditions_that_cannot_hold_are_refused(it: Painter) -> None:
    """Unknown columns and labels, keys and the pictures themselves cannot be given."""
    for text in ("nope=1", "label=violet", "name=3", "image=0", "label="):
        with refused(UsageError, SchemaError):
            sample(it.model, 4, given=Given.parse([text]), rng=Rng(0))


def check_saved_models_draw_the_same_in_a_fresh_process(it: Painter) -> None:
    """A saved model, loaded elsewhere, draws the same pictures; saving twice gives the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        place, other, rows = (Path(folder, name) for name in ("a.fidelia", "b.fidelia", "rows.arrow"))
        for one in (place, other):
            bundle.save(one, generator_name=it.name, generator=it.model, schema=digits().table().schema)
        assert place.read_bytes() == other.read_bytes()
        subprocess.run([sys.executable, "-c", CHILD, str(place), str(rows)], check=True)
        assert pa.ipc.open_file(rows.read_bytes()).read_all().equals(sample(it.model, 100, rng=Rng(7)).arrow)


def check_bundles_hold_no_picture(it: Painter) -> None:
    """No training picture, as grey values or as numbers, nor a picture's name stands in a saved model."""
    images = replace(digits(), names=tuple(f"qwxz{i:04d}" for i in range(FEW)))
    model = it.fitted(images)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "m.fidelia")
        bundle.save(place, generator_name=it.name, generator=model, schema=images.table().schema)
        with zipfile.ZipFile(place) as file:
            content = b"\n".join(file.read(name) for name in file.namelist())
    assert b"qwxz" not in content
    for grey in images.pixels.reshape(FEW, -1):
        scaled = grey.astype(np.float32) * np.float32(2 / 255) - 1
        for held in (grey.tobytes(), scaled.tobytes(), (grey / 255).astype(np.float32).tobytes()):
            assert held not in content


def check_damaged_states_are_refused(it: Painter) -> None:
    """Weights that are missing, cut, of another type or not finite, and settings that do not fit, are BundleErrors."""
    state = it.model.state()
    name = next(one for one in state.arrays if one.startswith("weights/") and state.arrays[one].ndim > 1)
    array = state.arrays[name]
    arrays = [
        {key: value for key, value in state.arrays.items() if key != name},
        *({**state.arrays, name: one} for one in (array[1:], array.astype(np.float64), np.full_like(array, np.nan))),
        {**state.arrays, "weights/more": array},
        {**state.arrays, "labels/counts": state.arrays["labels/counts"][1:]},
        {**state.arrays, "labels/counts": -state.arrays["labels/counts"]},
    ]
    values: list[dict[str, Any]] = [
        {**state.values, "canvas": [1, 9, 30]},
        {**state.values, "canvas": [2, 8, 8]},
        {**state.values, "canvas": None},
        {**state.values, "parameters": {**state.values["parameters"], "steps": -1}},
        {**state.values, "parameters": {**state.values["parameters"], "nope": 1}},
        *({key: value for key, value in state.values.items() if key != gone} for gone in ("schema", "labels")),
    ]
    cases = [State(state.values, one) for one in arrays] + [State(one, state.arrays) for one in values]
    for case in cases:
        with refused(BundleError):
            type(it.model).restore(case)


def check_an_interrupted_fit_goes_on_to_the_same_pictures(it: Painter) -> None:
    """A fit that the user stops leaves a checkpoint; given it again, it ends where it would have."""
    table = digits().table()
    with tempfile.TemporaryDirectory() as folder:
        effort = Effort(checkpoint=Path(folder, "checkpoint"))
        with refused(KeyboardInterrupt):
            it.make().fit(table, rng=Rng(0), progress=Stopped(), effort=effort)
        assert effort.checkpoint is not None and effort.checkpoint.exists()
        model = it.make().fit(table, rng=Rng(0), effort=effort)
        assert not effort.checkpoint.exists()
    assert _bytes(sample(model, 10, rng=Rng(1))) == _bytes(sample(it.model, 10, rng=Rng(1)))


def check_odd_pictures(it: Painter) -> None:
    """One picture, one class, no labels, equal pictures, colour and odd sides are learnt and drawn."""
    for name, images in odd_pictures().items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drawn = sample(it.fitted(images), SOME, rng=Rng(1))
        found = ImageSet.of(drawn)
        assert found.pixels.shape == (SOME, *images.shape), name
        assert set(found.labels or (None,)) <= set(images.labels or (None,)), name
        assert drawn.schema == images.table().schema, name


def check_other_tables_are_refused(it: Painter) -> None:
    """Tables without pictures, with other columns, without rows, and pictures too small or too large are refused."""
    table = digits(20).table()
    schema = Schema((*table.schema, Column("age", Kind.NUMBER)))
    other = Table(table.arrow.append_column("age", pa.array(range(20))), schema, "pyarrow")
    plain = Table(table.arrow.select(["label"]), Schema((table.schema["label"],)), "pyarrow")
    sides = [ImageSet(np.zeros((4, side, 8, 1), np.uint8)).table() for side in (7, 65)]
    for one in (other, plain, *sides):
        with refused(SchemaError):
            it.make().fit(one, rng=Rng(0))
    with refused(UsageError):
        it.make().fit(table.take([]), rng=Rng(0))


def check_nothing_global_is_touched(it: Painter) -> None:
    """Global random states, warning filters, threads and the working directory are as before."""
    import torch

    def state() -> tuple[Any, ...]:
        drawn = torch.get_rng_state().numpy().tobytes(), torch.get_num_threads(), str(np.random.get_state())  # noqa: NPY002
        return *drawn, Path.cwd(), random.getstate(), list(warnings.filters), dict(os.environ)

    sample(it.model, 2, rng=Rng(0))  # what libraries import on first use may change the rest once
    before = state()
    sample(it.fitted(digits(20)), 5, rng=Rng(1))
    assert state() == before


class Stopped:
    """A Progress under which the user stops after a step."""

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:  # noqa: ARG002
        """Open a stage that ends at the first step of a training."""

        def tick(amount: float) -> None:
            if amount:
                raise KeyboardInterrupt

        yield tick


@contextmanager
def refused(*errors: type[BaseException]) -> Iterator[None]:
    """Expect one of these errors."""
    try:
        yield
    except errors:
        return
    raise AssertionError(f"nothing was refused; expected {' or '.join(one.__name__ for one in errors)}")
