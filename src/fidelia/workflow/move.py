"""From one domain to another: a model tuned on a small table, and labelled rows for a table without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fidelia.errors import UsageError
from fidelia.generate.catalog import create
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.types import is_number
from fidelia.workflow.cases import as_table
from fidelia.workflow.document import fingerprint
from fidelia.workflow.model import Model, load

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.enhancement.transferring.adapt import Adapted, Shift
    from fidelia.enhancement.transferring.transfer import Transferred
    from fidelia.schema.schema import Schema


@dataclass(frozen=True, slots=True)
class Moved:
    """A model for the target, and why this one.

    Parameters
    ----------
    model : Model
        The tuned one where target rows show that it is better, else one learnt from the target rows alone. What is
        said of a tuned one holds all that was said of its source: its rows stand behind both.
    found : Transferred
        Every comparison.
    """

    model: Model
    found: Transferred

    def __str__(self) -> str:
        return str(self.found)

    @property
    def tuned(self) -> bool:
        """Whether the source is in the model."""
        return self.found.tuned

    def to_dict(self) -> dict[str, Any]:
        """Return the comparisons as plain data."""
        return self.found.to_dict()


def transfer(
    source: Model | str | Path,
    rows: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    repeats: int = 2,
    time_limit: float | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Moved:
    """Tune a model of a large source on a small target.

    Parameters
    ----------
    source : Model or path
        Fitted on the source; its training rows are not needed.
    rows : path, dataframe or Table
        The target, with some of the source's columns and perhaps others. Kinds of shared columns are the source's.
    target : str or None
        The column to predict; None: that of the source where the target has it.
    kinds : mapping or None
        Corrections of guessed kinds.
    repeats : int
        Times five folds of the target rows, on which the tuned model has to prove itself.
    time_limit : float or None
        Seconds. What a time limit ends is not reproducible.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    Moved

    Raises
    ------
    SchemaError
        When there are fewer than 50 target rows, or no column in common.

    Examples
    --------
    >>> import fidelia as fd
    >>> moved = fd.transfer("large.fidelia", "small.csv", target="income")  # doctest: +SKIP
    >>> moved.found.verdict, moved.model.sample(100)  # doctest: +SKIP
    """
    from fidelia.enhancement.transferring.transfer import transfer as moved

    _checked(repeats, time_limit)
    model = source if isinstance(source, Model) else load(source)
    table = _read(rows, model.schema, target, kinds)
    found = moved(
        model.generator, table,
        name=model.name, repeats=repeats, seconds=time_limit, rng=Rng(seed).child("transfer"), progress=progress,
    )  # fmt: skip
    about: dict[str, Any] = {"seed": seed, "rows": len(table), "sha256": fingerprint(table), "parameters": {}}
    if found.tuned:
        about["source"] = {"generator": model.name, **model.about}
    schema = found.generator.sample(0, rng=Rng(0)).schema
    return Moved(Model(found.name, found.generator, schema, about), found)


def adapt(
    source: Any,
    rows: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    shift: Shift = "auto",
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    n: int | None = None,
    repeats: int = 2,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Adapted:
    """Carry the labels of a source over to a target that is distributed otherwise.

    Parameters
    ----------
    source, rows : path, dataframe or Table
        The source with labels, and the target with few or none.
    target : str or None
        The column of the labels.
    kinds : mapping or None
        Corrections of guessed kinds.
    shift : {"auto", "covariate", "label"}
        What is to be undone: another law of the features, or other shares of the classes; "auto": the shares of the
        classes where they explain all that can be told.
    generator, parameters : str, mapping
        From the catalog; it learns the source.
    n : int or None
        Rows to draw for the target; None: as many as it has.
    repeats : int
        Times five folds of the target rows with labels, on which every way to learn is measured.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    Adapted

    Raises
    ------
    UsageError, SchemaError
        When an argument does not exist, or the tables do not fit.
    NotApplicable
        When the source hardly has rows like the target's.

    Examples
    --------
    >>> import fidelia as fd
    >>> moved = fd.adapt("labelled.csv", "unlabelled.csv", target="income", n=1_000)  # doctest: +SKIP
    >>> moved.verdict, moved.rows.native()  # doctest: +SKIP
    """
    from fidelia.enhancement.transferring.adapt import adapt as adapted

    _checked(repeats, None)
    known = as_table(source, target=target, kinds=kinds)
    return adapted(
        known, _read(rows, known.schema, None, kinds),
        shift=shift, generator=create(generator, **(parameters or {})), n=n, repeats=repeats,
        rng=Rng(seed).child("adapt"), progress=progress,
    )  # fmt: skip


def _checked(repeats: int, time_limit: float | None) -> None:
    if repeats < 1:
        raise UsageError(f"repeats = {repeats!r}: at least 1 is needed")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"time_limit = {time_limit!r}: a time limit is a number of seconds above 0")


def _read(rows: Any, schema: Schema, target: str | None, kinds: Mapping[str, str] | None) -> Table:
    """Read the target; a small table says little of its kinds, so those of the source hold where its values allow."""
    table, said = as_table(rows, target=target), dict(kinds or {})
    if here := {name: kind for name, kind in said.items() if name in table.schema}:
        table = as_table(rows, target=target, kinds=here)
    alike = {
        column.name: str(column.kind)
        for column in schema
        if column.name in table.schema and column.name not in said and _may_be(column.kind, table[column.name].type)
    }
    asked = table.schema.target or schema.target
    return table.with_schema(table.schema.with_kinds(alike).with_target(asked if asked in table.schema else None))


def _may_be(kind: Kind, values: pa.DataType) -> bool:
    plain = values.value_type if pa.types.is_dictionary(values) else values
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return is_number(plain)
    return bool(pa.types.is_temporal(plain)) if kind is Kind.DATETIME else kind.discrete
