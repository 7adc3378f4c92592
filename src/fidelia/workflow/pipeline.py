"""The verbs: run, fit, evaluate, audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from fidelia.data.images.imageset import picture_column
from fidelia.data.images.resize import sides
from fidelia.data.split import Split, split
from fidelia.data.table import Table
from fidelia.encode.columns import TableCoder
from fidelia.errors import UsageError
from fidelia.generate.conditions import Given
from fidelia.generate.effort import Effort
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.space.choose import with_embedding
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Schema
from fidelia.workflow.cases import as_table, case_of, enough, grouped
from fidelia.workflow.document import document, fingerprint, provenance
from fidelia.workflow.model import Model, fit_table
from fidelia.workflow.outcome import Interrupted, Outcome
from fidelia.workflow.pictures import Featured, featured
from fidelia.workflow.race import Race, raced
from fidelia.workflow.recipe import Recipe

if TYPE_CHECKING:
    from fidelia.auditing.curation.curated import Curated
    from fidelia.generate.catalog import Generator

HALF = "one half of the rows set aside calibrated the choice of rows; everything here is measured on the other half"


def run(
    source: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    sensitive: Sequence[str] = (),
    holdout: float = 0.2,
    by: str | None = None,
    time: str | None = None,
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    n: int | None = None,
    given: Sequence[str] | None = None,
    balance: str | None = None,
    time_limit: float | None = None,
    curate: bool = False,
    checkpoint: str | Path | None = None,
    gallery: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    edition: str = "shareable",
    progress: Progress = SILENT,
) -> Outcome:
    """Read, split, fit, sample, measure and audit.

    Parameters
    ----------
    source : path, dataframe, Table or pictures
        The real rows. Pictures are whatever `fidelia.read_images` reads.
    target : str or None
        The column to predict; without one usefulness is not measured.
    kinds : mapping or None
        Corrections of guessed kinds, ``{"zip": "category"}``.
    sensitive : sequence of str
        Columns whose groups are to be treated alike: fairness is measured between them.
    holdout : float
        Share of rows in (0, 1) that the generator never sees and all scores are held against.
    by, time : str or None
        Keep the rows of one entity on one side, or hold out the last rows in time.
    generator, parameters : str, mapping
        From the catalog; "auto" races them and keeps the best, see `fidelia.workflow.race`. Of pictures "vae" means
        "image-vae", which is also their default.
    n : int or None
        Rows to draw; None for as many as the generator learns from.
    given : sequence of str or None
        Conditions that every row drawn obeys. The scores then compare conditioned rows with all real rows.
    balance : str or None
        Other shares of the levels of one column: ``"income"`` for all alike, ``"income=>50K:0.5"``.
    time_limit : float or None
        Seconds that networks may learn. What a time limit ends is not reproducible.
    curate : bool
        Choose among more rows (see `fidelia.curate`); the rows are the curated ones where that brings them nearer to
        real ones, else as they were drawn. Half of the holdout calibrates the choice and only the other half measures.
    checkpoint : path or None
        Where an interrupted training of a network leaves its state, and goes on from when called again.
    gallery : path or None
        A folder for grids of what a network of pictures draws while it learns.
    size : int, (int, int) or None
        Bring all pictures to this height and width.
    seed : int
        The one seed: the same seed gives the same bytes.
    edition : {"shareable", "internal"}
        Shareable results show no real value held by fewer than ten rows.

    Returns
    -------
    Outcome

    Raises
    ------
    DataError, UsageError, MissingExtra
        See `fidelia.errors`.
    """
    table = as_table(source, target=target, kinds=kinds, size=size)
    recipe = Recipe(
        source=str(source) if isinstance(source, str | Path) else "<frame>",
        target=table.schema.target,
        kinds=dict(kinds or {}),
        sensitive=list(sensitive),
        holdout=holdout,
        by=by,
        time=time,
        generator=generator,
        parameters=dict(parameters or {}),
        n=n,
        seed=seed,
        given=list(given or []),
        balance=balance,
        time_limit=time_limit,
        curate=curate,
        size=None if size is None else list(sides(size)),
        edition=edition,
    )
    return follow(recipe, table, progress, checkpoint=checkpoint, gallery=gallery)


def follow(
    recipe: Recipe,
    table: Table,
    progress: Progress = SILENT,
    *,
    checkpoint: str | Path | None = None,
    gallery: str | Path | None = None,
) -> Outcome:
    """Do what a recipe says with a table that was read already; what is done by then survives an interrupt."""
    root = Rng(recipe.seed)
    shown = picture_column(table.schema) is not None
    recipe, table = recipe.suited(table), grouped(table, recipe.sensitive)
    parts = split(table, holdout=recipe.holdout, rng=root.child("split"), by=recipe.by, time=recipe.time)
    enough(parts.train, parts.holdout)
    if recipe.given:  # a condition that cannot hold is refused before the work
        Given.parse(recipe.given).code(TableCoder.fit(_without_pictures(parts.train)))
    if recipe.curate and (recipe.given or recipe.balance):
        raise UsageError("curate makes rows more like the real ones; rows drawn with given or balance are to differ")
    limits = effort(recipe.time_limit, checkpoint, gallery if shown else None)
    settled, race = raced(recipe, parts.train, seconds=limits.seconds, progress=progress)
    model = fit_table(
        parts.train,
        generator=settled.generator,
        parameters=settled.parameters,
        seed=recipe.seed,
        about={"sha256": fingerprint(parts.train)},
        effort=limits if race is None else replace(race.effort, checkpoint=limits.checkpoint),
        progress=progress,
    )
    synthetic: Table | None = None
    try:
        synthetic, unseen, curated = _drawn(recipe, model, parts, progress)
        case = Case(parts.train, synthetic, unseen, root.child("measure"), progress, generator=_again(settled))
        case = with_embedding(case, None) if shown else case
        made_by = {"name": settled.generator, **model.about}
        notes = (
            *table.notes,
            *parts.notes,
            *getattr(model.generator, "notes", ()),
            *([] if curated is None else [HALF]),
        )
        outcome = _judged(case, seed=recipe.seed, edition=recipe.edition, made_by=made_by, race=race, notes=notes)
    except KeyboardInterrupt as stop:
        kept = getattr(getattr(stop, "curated", None), "table", synthetic)
        raise Interrupted(Outcome({}, kept, model=model)) from stop
    if curated is not None:
        outcome.document["curation"] = curated.to_dict()
    return replace(outcome, model=model, recipe=recipe)


def _drawn(
    recipe: Recipe, model: Model, parts: Split[Table], progress: Progress
) -> tuple[Table, Table, Curated | None]:
    """Return synthetic rows, the real rows that nothing has used yet, and the curation if there was one."""
    n = len(parts.train) if recipe.n is None else recipe.n
    if not recipe.curate:
        given, balance = recipe.given or None, recipe.balance
        drawn = model.sample_table(n, given=given, balance=balance, seed=recipe.seed, progress=progress)
        return drawn, parts.holdout, None
    from fidelia.auditing.curation.curate import curate

    train, unseen, made = parts.train, parts.holdout, model.generator
    if picture_column(train.schema) is not None:
        train, unseen, made = featured(train), featured(unseen), cast("Generator", Featured(made))
    found = curate(train, made, unseen, n=n, seed=recipe.seed, progress=progress)
    return found.recommended, found.unseen, found


def _without_pictures(table: Table) -> Table:
    """Return the columns that conditions can be on."""
    schema = Schema(tuple(column for column in table.schema if column.kind is not Kind.IMAGE))
    return Table(table.arrow.select(schema.names), schema, table.flavour)


def effort(time_limit: float | None, checkpoint: str | Path | None = None, gallery: str | Path | None = None) -> Effort:
    """Return the limits of a fit.

    Raises
    ------
    UsageError
        When the time limit is no time.
    """
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise UsageError(f"time_limit = {time_limit!r}: a time limit is a number of seconds above 0")
    return Effort(time_limit, *(None if place is None else Path(place) for place in (checkpoint, gallery)))


def _again(recipe: Recipe) -> Callable[[Table, int, Rng], Table]:
    """Return what makes synthetic rows from other train rows with the recipe's generator."""

    def make(train: Table, n: int, rng: Rng) -> Table:
        seed = rng.integer()
        limit = effort(recipe.time_limit)
        model = fit_table(train, generator=recipe.generator, parameters=recipe.parameters, seed=seed, effort=limit)
        return model.sample_table(n, seed=seed)

    return make


def fit(
    source: Any,
    *,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    time_limit: float | None = None,
    checkpoint: str | Path | None = None,
    gallery: str | Path | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Model:
    """Fit a generator on all rows or pictures of `source`; parameters as in `run`.

    Parameters
    ----------
    gallery : str, Path or None
        A folder in which a network of pictures keeps grids of what it draws while it learns.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> model = fd.fit(real.take(range(500)), generator="chowliu", seed=0)
    >>> model.sample(3, given={"sex": "Female"}, seed=1)["sex"].tolist()
    ['Female', 'Female', 'Female']
    """
    limits = effort(time_limit, checkpoint, gallery)
    table = as_table(source, target=target, kinds=kinds)
    asked = Recipe(source="", generator=generator, parameters=dict(parameters or {}), seed=seed)
    settled, race = raced(asked.suited(table), table, seconds=limits.seconds, progress=progress)
    return fit_table(
        table,
        generator=settled.generator,
        parameters=settled.parameters,
        seed=seed,
        about={"sha256": fingerprint(table), **({"race": race.to_dict()} if race else {})},
        effort=limits if race is None else replace(race.effort, checkpoint=limits.checkpoint),
        progress=progress,
    )


def evaluate(
    train: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    sensitive: Sequence[str] = (),
    seed: int = 0,
    codes: Iterable[str] | None = None,
    embedding: Any = None,
    size: int | tuple[int, int] | None = None,
    edition: str = "shareable",
    progress: Progress = SILENT,
) -> Outcome:
    """Measure and audit any synthetic table or pictures, whoever made them.

    Parameters
    ----------
    train, synthetic : path, dataframe, Table, or pictures
        The real rows that it was made from, and the synthetic rows; with the same columns. Pictures are whatever
        `fidelia.read_images` reads: folders, files of arrays, an ImageSet.
    holdout : path, dataframe, Table, pictures or None
        Real rows that the generator never saw. Without it copying cannot be told from chance.
    sensitive : sequence of str
        Columns whose groups are to be treated alike: fairness is measured between them.
    codes : iterable of str or None
        Which metrics: codes, names, categories ("privacy") or "all"; None for those of tier 1.
    embedding : None, str, callable, mapping or Embedding
        Where distances are taken: "tabular" (the default), "one-class" (a network; needs torch), a function from a
        frame to an ``(n, width)`` array, or ``{"train": features, "synthetic": ..., "holdout": ...}`` of arrays or
        .npy or .parquet files. Of pictures: an extractor, see `fidelia.measure.images.choose.embedding`. Scores of
        different embeddings do not compare.
    size : int, (int, int) or None
        Bring all pictures to this height and width.

    Returns
    -------
    Outcome

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> train, holdout, made = (real.take(range(i, i + 200)) for i in (0, 200, 400))  # here "made" are fresh real rows
    >>> outcome = fd.evaluate(train, made, holdout=holdout, codes=["AUT05", "CMP02"])
    >>> outcome["AUT05"]["value"], outcome["AUT05"]["reference"]["value"]  # rows that equal a training row
    (0.0, 0.0)
    """
    known: dict[str, Any] = {"seed": seed, "embedding": embedding, "progress": progress}
    case, notes = case_of(
        train, synthetic, holdout, target=target, kinds=kinds, sensitive=sensitive, size=size, **known
    )
    return _judged(case, seed=seed, edition=edition, codes=codes, notes=notes)


def audit(
    train: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    seed: int = 0,
    q: float = 0.1,
    reference: Literal["train", "holdout"] = "train",
    embedding: Any = None,
    size: int | tuple[int, int] | None = None,
    edition: str = "internal",
    progress: Progress = SILENT,
) -> Outcome:
    """Judge every synthetic row or picture, and say which real ones are covered.

    Parameters
    ----------
    q : float
        The false discovery rate of the flags.
    reference : {"train", "holdout"}
        "holdout" audits against the holdout alone: `train` is None, and no training row is read.

    Other parameters are those of `evaluate`.

    Returns
    -------
    Outcome

    Raises
    ------
    UsageError
        When the tables are not those that the reference asks for.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> train, holdout, made = (real.take(range(i, i + 200)) for i in (0, 200, 400))  # here "made" are fresh real rows
    >>> audited = fd.audit(train, made, holdout=holdout)
    >>> sum(audited.audit.counts().values())
    200
    """
    if reference == "holdout" and (holdout is None or train is not None):
        raise UsageError('reference="holdout" audits against a holdout and reads no training rows: give it alone')
    if reference == "train" and train is None:
        raise UsageError('there are no training rows; give them, or a holdout with reference="holdout"')
    real, unseen = (train, holdout) if reference == "train" else (holdout, None)
    known: dict[str, Any] = {"seed": seed, "embedding": embedding, "progress": progress}
    case, notes = case_of(real, synthetic, unseen, target=target, kinds=kinds, size=size, **known)
    return _judged(case, seed=seed, edition=edition, codes=(), notes=notes, q=q, reference=reference)


def _judged(
    case: Case,
    *,
    seed: int,
    edition: str,
    codes: Iterable[str] | None = None,
    made_by: Mapping[str, Any] | None = None,
    race: Race | None = None,
    notes: Sequence[str] = (),
    q: float = 0.1,
    reference: Literal["train", "holdout"] = "train",
) -> Outcome:
    from fidelia.auditing.audit import audit as audit_rows

    results, declined = measure(case, codes)
    audited = audit_rows(case, q=q, reference=reference)
    found = document(
        case, results, declined, audited, seed=seed, edition=edition, made_by=made_by, race=race, notes=notes
    )
    return Outcome(found, case.synthetic, replace(audited, provenance=provenance(found)))
