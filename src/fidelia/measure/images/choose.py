"""`with_extractor`: a case of pictures whose distances are taken in the features that the user says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fidelia.data.images.imageset import pictures
from fidelia.errors import UsageError
from fidelia.measure.images.extractor import Called, Extracted, Extractor, extracted
from fidelia.measure.images.random_convolutions import RandomConvolutions
from fidelia.measure.space.one_class import OneClass

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.measure.case import Case
    from fidelia.measure.space.embed import Embedding
    from fidelia.rng import Rng

SIDES = ("train", "synthetic", "holdout")
NAMES = ("random-convolutions", "cnn", "autoencoder", "one-class")
WAYS = (
    f"{', '.join(map(repr, NAMES))}, a file of weights, a function from pictures (n, h, w, c) to features (n, d), an "
    "extractor, or features of each side"
)


def with_extractor(case: Case, spec: Any) -> Case:
    """Return `case` with the features of all its pictures taken once; they go where the rows go.

    Parameters
    ----------
    spec
        As in `embedding`.
    """
    found = embedding(spec, case.train, case.rng.child("embedding"))
    base = found.space if hasattr(found, "space") else found
    if not isinstance(base, Extracted):
        return replace(case, embedding=found)
    tables = {side: getattr(case, side) for side in SIDES if getattr(case, side) is not None}
    for side, table in tables.items():
        features = extracted(base.extractor, pictures(table), case.progress) if len(table) else None
        tables[side] = replace(table, features=features)
    return replace(case, **tables, embedding=found)


def embedding(spec: Any, train: Table, rng: Rng) -> Embedding:
    """Return the embedding of pictures that `spec` says.

    Parameters
    ----------
    spec : None, str, path, OneClass, callable, Extractor or Embedding
        None for random convolutions. ``"cnn"`` and ``"autoencoder"`` are trained on a part of `train`, which is then
        not searched; ``"one-class"`` (or `OneClass`) is trained on top of random convolutions. A path is a file of
        weights, see `fidelia.measure.images.weights.from_file`.

    Raises
    ------
    UsageError
        When `spec` is none of these.
    MissingExtra
        When it needs a library that is not installed.
    """
    if spec is None or spec == NAMES[0]:
        return Extracted.by(RandomConvolutions(), train)
    if spec in ("cnn", "autoencoder"):
        from fidelia.measure.images.trained import fitted

        extractor, rows = fitted(spec, train, rng)
        return Extracted.by(extractor, train, rows)
    if spec == "one-class" or isinstance(spec, OneClass):
        settings = spec if isinstance(spec, OneClass) else OneClass()
        return settings.fit(train, rng, Extracted.by(RandomConvolutions(), train))
    if isinstance(spec, str | Path):
        return Extracted.by(_of_file(Path(spec)), train)
    if all(hasattr(spec, name) for name in ("extract", "name", "version", "hash")):
        return Extracted.by(cast("Extractor", spec), train)
    if all(hasattr(spec, name) for name in ("transform", "calibration", "hash", "width", "blocks")):
        return cast("Embedding", spec)
    if callable(spec):
        return Extracted.by(Called.of(spec, pictures(train).shape[1:]), train)
    raise UsageError(f"no extractor {spec!r}: give {WAYS}")


def _of_file(path: Path) -> Extractor:
    if not path.is_file():
        raise UsageError(f"no extractor and no file {str(path)!r}: give {WAYS}")
    from fidelia.measure.images.weights import from_file

    return from_file(path)
