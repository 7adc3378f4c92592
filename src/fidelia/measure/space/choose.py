"""`with_embedding`: a case whose distances are taken where the user says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from fidelia.data.images.imageset import picture_column
from fidelia.errors import UsageError
from fidelia.measure.space.given import FromFunction, Precomputed, numbers
from fidelia.measure.space.one_class import OneClass
from fidelia.measure.space.tabular import fit

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.space.embed import Embedding
    from fidelia.rng import Rng

SIDES = ("train", "synthetic", "holdout")
WAYS = (
    "'tabular', 'one-class', OneClass(...), a function from a frame to an (n, width) array, a mapping "
    "{'train': features, 'synthetic': features, 'holdout': features} of arrays or .npy or .parquet files, or a "
    "fitted embedding"
)

Spec = Any


def with_embedding(case: Case, spec: Spec) -> Case:
    """Return `case` with the embedding that `spec` says.

    Parameters
    ----------
    spec : None, str, OneClass, callable, mapping or Embedding
        None and ``"tabular"`` leave the default. A mapping gives features of each table's rows, in their order:
        arrays ``(n, width)``, or paths of ``.npy`` or ``.parquet`` files. Of tables that carry pictures: an extractor,
        see `fidelia.measure.images.choose.embedding`.

    Raises
    ------
    UsageError
        When `spec` is none of these, or features do not fit their table.
    MissingExtra
        ``"one-class"`` without torch.
    """
    if isinstance(spec, Mapping):
        return _with_features(case, spec)
    if picture_column(case.schema) is not None:
        from fidelia.measure.images.choose import with_extractor

        return with_extractor(case, spec)
    if spec is None or spec == "tabular":
        return case
    return replace(case, embedding=embedding(spec, case.train, case.rng.child("embedding")))


def embedding(spec: Spec, train: Table, rng: Rng) -> Embedding:
    """Return the embedding that `spec` says, fitted on `train`; as `with_embedding`, but for features given."""
    if spec is None or spec == "tabular":
        return fit(train)
    if spec == "one-class":
        return OneClass().fit(train, rng)
    if isinstance(spec, OneClass):
        return spec.fit(train, rng)
    if all(hasattr(spec, name) for name in ("transform", "calibration", "hash", "width", "blocks")):
        return cast("Embedding", spec)
    if callable(spec):
        return FromFunction.fit(cast("Callable[[Any], Any]", spec), train)
    raise UsageError(f"no embedding {spec!r}: give {WAYS}")


def _with_features(case: Case, given: Mapping[str, Any]) -> Case:
    """Hang features on the tables of a case, where they follow the rows into every subset."""
    tables = {side: getattr(case, side) for side in SIDES if getattr(case, side) is not None}
    if set(given) != set(tables):
        raise UsageError(f"features are given for {sorted(given)}, but the tables are {sorted(tables)}")
    width: int | None = None
    for side, table in tables.items():
        features = numbers(given[side], len(table), f"the features of {side}", width)
        width = features.shape[1]
        tables[side] = replace(table, features=features)
    return replace(case, **tables, embedding=Precomputed.of(tables["train"].features))
