"""The verb curate: better rows from a generator, a model file or a table, and what that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import fidelia
from fidelia.auditing.curation.curate import How
from fidelia.auditing.curation.curate import curate as curated_of
from fidelia.auditing.curation.curated import Curated, Interrupted
from fidelia.data.images.read import holds_pictures
from fidelia.data.table import Table
from fidelia.generate.catalog import Generator
from fidelia.progress import SILENT, Progress
from fidelia.workflow.cases import alike, as_table
from fidelia.workflow.document import fingerprint
from fidelia.workflow.model import Model, load
from fidelia.workflow.pictures import Featured, featured, one_kind

MODEL = ".fidelia"


def curate(
    train: Any,
    source: Any,
    *,
    holdout: Any,
    n: int | None = None,
    method: str = "odds",
    q: float = 0.1,
    by: str | None = None,
    budget: int | None = None,
    time_limit: float | None = None,
    limit: float = 0.3,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Curated:
    """Keep the rows or pictures of a generator that make it more like the real ones, and measure whether they do.

    Rejects are made at a controlled false discovery rate; the other rows are accepted with a probability in
    proportion to how much more often real rows are found there, so that nothing typical or rare is cut off. What it
    changed is measured on half of the holdout, which the filter never uses; the verdict may be that it changed nothing.

    Parameters
    ----------
    train : path, dataframe, Table or pictures
        The rows that the generator learnt from. Pictures are whatever `fidelia.read_images` reads; distances between
        them are those of random convolutions.
    source : Model, Generator, path, dataframe or Table
        What rows are drawn from until there are enough: a fitted model or its ``.fidelia`` file. Or synthetic rows, of
        which some are kept and all get a weight.
    holdout : path, dataframe or Table
        Real rows that the generator never saw.
    n : int or None
        Rows wanted; None for as many as `train` has, or all of a table that are worth keeping.
    method : {"odds", "alaa2022"}
        "alaa2022" is the published procedure, to compare with: it changes a perfect generator's rows.
    q : float
        The false discovery rate of the rejects.
    by : str or None
        The column whose subgroups are looked at; None for the target, a sensitive column or a balanced category.
    budget, time_limit : int, float or None
        Most rows to draw (None: 20 times `n`), and seconds of drawing.
    limit : float
        Share of the rows, of all or of a subgroup, that may be rejected before the verdict is "review".
    target, kinds, seed, progress
        As in `run`; a model brings its own.

    Returns
    -------
    Curated
        ``.table`` (rows; ``.table.native()`` as a dataframe, ``fidelia.ImageSet.of(.table)`` as pictures), ``.weight``,
        ``.verdict``, ``.take``, ``.changes``.

    Raises
    ------
    DataError, UsageError, NotApplicable
        See `fidelia.errors`.

    Examples
    --------
    >>> import fidelia as fd
    >>> found = fd.curate("train.csv", "model.fidelia", holdout="holdout.csv", n=1_000)  # doctest: +SKIP
    >>> found.take, found.table.native()  # doctest: +SKIP
    """
    model = load(source) if isinstance(source, str | Path) and str(source).endswith(MODEL) else source
    real, made, unseen = (
        _pictures(train, model, holdout)
        if holds_pictures(train)
        else _tables(train, model, holdout, target=target, kinds=kinds)
    )
    tables = {"train": real, "holdout": unseen, **({"synthetic": made} if isinstance(made, Table) else {})}
    about = {
        "inputs": {name: {"rows": len(table), "sha256": fingerprint(table)} for name, table in tables.items()},
        "generator": {"name": model.name, **model.about} if isinstance(model, Model) else None,
    }
    how = How(method=method, q=q, by=by, budget=budget, time_limit=time_limit, limit=limit)
    try:
        found = curated_of(real, made, unseen, n=n, how=how, seed=seed, progress=progress)
    except Interrupted as stop:
        raise Interrupted(_stamped(stop.curated, about)) from stop
    return _stamped(found, about)


def _tables(
    train: Any, model: Any, holdout: Any, *, target: str | None, kinds: Mapping[str, str] | None
) -> tuple[Table, Generator | Table, Table]:
    if isinstance(model, Model):
        like = as_table(model.sample_table(0), target=target, kinds=kinds)
        real = alike(train, like, "train")
        return real, model.generator, alike(holdout, real, "holdout")
    real = as_table(train, target=target, kinds=kinds)
    made = model if isinstance(model, Generator) else alike(model, real, "synthetic")
    return real, made, alike(holdout, real, "holdout")


def _pictures(train: Any, model: Any, holdout: Any) -> tuple[Table, Generator | Table, Table]:
    """Read pictures; each carries its features, so that these are taken once."""
    schema = model.schema if isinstance(model, Model) else None
    generator = model.generator if isinstance(model, Model) else model if isinstance(model, Generator) else None
    sources = {"train": train, "holdout": holdout, **({"synthetic": model} if generator is None else {})}
    sides = one_kind(sources, labels=schema is None or schema.target is not None)
    tables = {name: featured(shown.table()) for name, shown in sides.items()}
    made = tables["synthetic"] if generator is None else cast("Generator", Featured(generator))
    return tables["train"], made, tables["holdout"]


def _stamped(found: Curated, about: dict[str, Any]) -> Curated:
    return replace(found, provenance={**found.provenance, "fidelia": fidelia.__version__, **about})
