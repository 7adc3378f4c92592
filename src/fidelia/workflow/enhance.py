"""The verb enhance: does synthetic data make a model better here?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fidelia
from fidelia.data.atomic import atomic
from fidelia.data.images.read import holds_pictures, read_images
from fidelia.enhancement.enhance import REPEATS, Asked
from fidelia.enhancement.enhance import enhance as answered
from fidelia.enhancement.enhanced import Enhanced, What
from fidelia.errors import SchemaError
from fidelia.generate.catalog import DEFAULT, suited
from fidelia.progress import SILENT, Progress
from fidelia.report.report import Report, to_json
from fidelia.rng import Rng
from fidelia.workflow.cases import as_table
from fidelia.workflow.document import fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from fidelia.data.table import Table

FAST = "image-vae"


@dataclass(frozen=True, slots=True, eq=False)
class Enhancement:
    """What `fidelia.enhance` gives back.

    Parameters
    ----------
    enhanced : Enhanced
        Every comparison, and the verdict.
    document : dict
        The same as plain data, with what it was asked of: the object of results.json.
    """

    enhanced: Enhanced
    document: dict[str, Any]

    def __repr__(self) -> str:
        return str(self.enhanced)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.report._repr_markdown_()

    @property
    def report(self) -> Report:
        """The report: a page, Markdown, JSON, or its first screen in a notebook."""
        return Report(self.document)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return self.document

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arm, learner and share: scores, gain, intervals, p-values, answer."""
        return self.enhanced.to_frame()

    def to_html(self) -> str:
        """Return the page."""
        return self.report.to_html()

    def write(self, out: str | Path) -> list[Path]:
        """Write results.json and report.html to a folder, each atomically, and return where they are."""
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "results.json", folder / "report.html"]
        for path, text in zip(written, (to_json(self.document), self.to_html()), strict=True):
            with atomic(path) as draft:
                draft.write_text(text, encoding="utf-8")
        return written


def enhance(
    source: Any,
    *,
    target: str | None = None,
    what: What = "augment",
    kinds: Mapping[str, str] | None = None,
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    protected: bool = False,
    ratios: Sequence[float] | None = None,
    share: float = 1.0,
    rare: str | None = None,
    learners: Sequence[str] | Mapping[str, Any] | None = None,
    tuned: bool = True,
    segment: str | None = None,
    by: str | None = None,
    repeats: int = REPEATS,
    time_limit: float | None = None,
    flips: bool = False,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Enhancement:
    """Ask whether synthetic rows or pictures make a model better, over repeated splits; the answer may be no.

    Parameters
    ----------
    source : path, dataframe, Table or pictures
        The real rows. Pictures are whatever `fidelia.read_images` reads, with labels, which are what is to be told;
        the score is then the share of pictures that a model tells right.
    target : str or None
        The column to predict.
    what : {"augment", "rebalance", "scarce"}
        Synthetic rows beside the real ones; rows of a rare class; the learning curve with and without synthetic rows.
    generator, parameters : str, mapping
        From the catalog; fitted inside each training fold, on its rows alone. The default of pictures is "image-vae".
    protected : bool
        Whether the generator protects rare values, as one whose rows are published must. The models here learn from
        the real rows too, so that protection would only cost.
    ratios : sequence of float or None
        Synthetic rows for each real one; None for 0.5, 1, 2 and 4 (1 and 4 for the learning curve, and for pictures).
    share : float
        Of the training rows that are learnt from: 0.1 asks what would be if there were a tenth of the data.
    rare : str or None
        The class that `rebalance` is about; None for the least frequent.
    learners : sequence of str, mapping of str to estimator, or None
        ``"linear"``, ``"boosted trees"``, ``"neural network"`` (the default) and the other families of
        `fidelia.measure.learners`; own scikit-learn estimators by any name: a pipeline gets the pandas frame without
        the target, any other estimator a matrix of normal scores and indicators. Of pictures "small CNN" and "linear"
        are the default, and what does not see the pictures themselves sees features of random convolutions.
    tuned : bool
        Choose the settings of the default families on the real rows of each training fold, the same for all arms, so
        that synthetic rows do not win against a badly set learner.
    segment : str or None
        A column within whose levels, or quarters, models are scored too.
    by : str or None
        A column that names entities; all rows of one stand on one side of each split.
    repeats : int
        Of the whole cross-validation.
    time_limit : float or None
        Seconds. A time limit makes for fewer splits and wider intervals.
    flips : bool
        Whether classical augmentation may mirror pictures: only where a mirrored one means the same, unlike a digit.
    size : int, (int, int) or None
        Bring all pictures to this height and width.
    seed : int
    progress : Progress

    Returns
    -------
    Enhancement

    Raises
    ------
    UsageError, DataError, MissingExtra
        See `fidelia.errors`.

    Examples
    --------
    >>> import fidelia as fd
    >>> found = fd.enhance("churn.csv", target="Churn", ratios=[1], repeats=1)  # doctest: +SKIP
    >>> print(found)  # doctest: +SKIP
    """
    of_pictures = holds_pictures(source)
    asked = Asked(
        what,
        generator_of(generator, pictures=of_pictures),
        parameters or {},
        protected,
        ratios,
        share,
        rare,
        learners,
        tuned,
        segment,
        by,
        repeats,
        time_limit,
        flips,
    )
    table = labelled(source, size) if of_pictures else as_table(source, target=target, kinds=kinds)
    return follow(table, asked, seed=seed, progress=progress)


def generator_of(name: str, *, pictures: bool) -> str:
    """Return the generator that a name means; of pictures the fast one where none is named, for each fold fits one."""
    return FAST if pictures and name == DEFAULT else suited(name, pictures=pictures)


def labelled(source: Any, size: int | tuple[int, int] | None = None) -> Table:
    """Read pictures whose labels are to be told, as a table.

    Raises
    ------
    SchemaError
        When they have none.
    """
    shown = read_images(source, size=size)
    if shown.labels is None:
        raise SchemaError("the pictures have no labels to tell; put them into a folder for each label, or give labels")
    return shown.table()


def follow(table: Table, asked: Asked, *, seed: int, progress: Progress = SILENT) -> Enhancement:
    """Answer what is asked of a table that was read already."""
    found = answered(table, asked, Rng(seed).child("enhance"), progress)
    inputs = {"rows": len(table), "columns": len(table.schema), "sha256": fingerprint(table)}
    return Enhancement(found, {**found.to_dict(), "fidelia": fidelia.__version__, "seed": seed, "input": inputs})
