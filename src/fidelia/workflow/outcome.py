"""Outcome: everything that a run or an evaluation found, and how it is written to a folder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.data.images.imageset import ImageSet, picture_column
from fidelia.data.images.write import write_images
from fidelia.data.write import atomic, write_arrow
from fidelia.errors import NotApplicable, UsageError
from fidelia.report.report import Report, to_json

if TYPE_CHECKING:
    from fidelia.auditing.audited import Audited
    from fidelia.data.table import Table
    from fidelia.workflow.model import Model
    from fidelia.workflow.recipe import Recipe


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run, an evaluation or an audit gives back.

    Parameters
    ----------
    document : dict
        The results.json object: plain data, the source of page and terminal.
    synthetic : Table or None
        The rows drawn or evaluated.
    audit : Audited or None
        Verdict and scores per row.
    model : Model or None
        The fitted generator, where one was fitted.
    recipe : Recipe or None
        How to do it again.
    """

    document: dict[str, Any]
    synthetic: Table | None = None
    audit: Audited | None = None
    model: Model | None = None
    recipe: Recipe | None = None

    def __repr__(self) -> str:
        verdict = self.document["verdict"]
        return f"Outcome({verdict['level']}: {verdict['headline']})"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.report._repr_markdown_()

    def __getitem__(self, code: str) -> dict[str, Any]:
        """Return one result by its code, as it stands in results.json."""
        for result in self.document["results"]:
            if result["code"] == code:
                return dict(result)
        reasons = {said["code"]: said["reason"] for said in self.document["not_computed"]}
        raise UsageError(f"{code} was not computed: {reasons.get(code, 'it was not asked for')}")

    @property
    def report(self) -> Report:
        """The report: a page, Markdown, JSON, or its first screen in a notebook."""
        return Report(self.document)

    @property
    def accepted(self) -> Table | None:
        """The synthetic rows that the audit accepted."""
        if self.synthetic is None or self.audit is None:
            return None
        return self.synthetic.take(self.audit.accepted.nonzero()[0])

    def write(self, out: str | Path, *, ending: str = ".parquet") -> list[Path]:
        """Write everything to a folder, each file atomically; `ending` is the synthetic table's format.

        Pictures go to ``.npz`` or ``.parquet``; with an empty ending to a folder of png files, which takes the place
        of an earlier one.

        Returns
        -------
        list of Path
            What was written.
        """
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        if self.model is not None and self.synthetic is not None:
            written.append(folder / f"synthetic{ending}")
            _write_rows(self.synthetic, written[-1])
        if self.audit is not None:
            written.append(folder / "audit.parquet")
            write_arrow(self.audit.to_arrow(edition=self.document["edition"]), written[-1])
        if self.save_model(folder / "model.fidelia"):
            written.append(folder / "model.fidelia")
        if self.recipe is not None:
            written.append(folder / "recipe.toml")
            self.recipe.save(written[-1])
        return [*written, *self.write_results(folder)]

    def keep(self, out: str | Path) -> list[Path]:
        """Write what an interrupted run had done, the model and the rows, and return what was written."""
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "model.fidelia"] if self.save_model(folder / "model.fidelia") else []
        if self.synthetic is not None:
            written.append(folder / "synthetic.parquet")
            _write_rows(self.synthetic, written[-1])
        return written

    def save_model(self, path: Path) -> bool:
        """Save the model, if there is one and it does not decline because it is made of training rows."""
        if self.model is None:
            return False
        try:
            self.model.save(path)
        except NotApplicable as reason:
            log.warning("the model is not saved: %s", reason.text)
            return False
        return True

    def write_results(self, folder: Path) -> list[Path]:
        """Write results.json and report.html alone."""
        results = folder / "results.json"
        with atomic(results) as temporary:
            temporary.write_text(to_json(self.document), encoding="utf-8")
        self.report.save(folder / "report.html")
        return [results, folder / "report.html"]


def _write_rows(table: Table, place: Path) -> None:
    if picture_column(table.schema) is None:
        table.write(str(place))
    else:
        write_images(ImageSet.of(table), place, again=True)


class Interrupted(KeyboardInterrupt):
    """The user stopped a run; what was done until then is kept.

    Parameters
    ----------
    outcome : Outcome
        The fitted model, and the rows if they were drawn.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome
