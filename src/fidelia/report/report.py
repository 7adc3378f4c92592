"""What users hold: a report, and reports side by side, each as a page, as Markdown, as JSON and in a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.errors import UsageError

if TYPE_CHECKING:
    from fidelia.report.compared import Comparison

ENDINGS = {".html": "page", ".htm": "page", ".md": "Markdown", ".json": "JSON"}


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run, an evaluation, an audit or an enhancement.

    In a notebook it shows its first screen.

    Parameters
    ----------
    document : mapping
        The results.json object that it is drawn from.
    """

    document: Mapping[str, Any]

    def save(self, path: str | Path) -> None:
        """Write the report atomically: ``.html`` as one offline page, ``.md`` as Markdown, ``.json`` as data.

        Raises
        ------
        UsageError
            When the name has another ending.
        WriteError
            When the file cannot be written.
        """
        _save(Path(path), self.to_html, self.to_markdown, lambda: self.document)

    def to_html(self) -> str:
        """Return the page."""
        from fidelia.report.page import render

        return render(self.document)

    def to_markdown(self) -> str:
        """Return the report in GitHub's Markdown."""
        from fidelia.report.markdown import render

        return render(self.document)

    def compare(self, *others: Report, names: Sequence[str] | None = None) -> SideBySide:
        """Set this report beside others of the same real rows: generators, seeds or versions.

        Parameters
        ----------
        others : Report
            One to seven of them.
        names : sequence of str or None
            What to call each, this one first; None for the generators' names, where these tell them apart.

        Raises
        ------
        UsageError
            When there are too many, or names do not fit them.
        SchemaError
            When they were measured against other real rows, or columns were understood otherwise.

        Examples
        --------
        >>> trees.report.compare(vae.report).save("compare.html")  # doctest: +SKIP
        """
        return side_by_side([each.document for each in (self, *others)], names)

    def _repr_html_(self) -> str:
        from fidelia.report.fragment import render

        return render(self.document)

    def _repr_markdown_(self) -> str:
        from fidelia.report.markdown import brief

        return brief(self.document)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Reports side by side: which is better on what, and where noise explains the difference."""

    comparison: Comparison

    def __repr__(self) -> str:
        from fidelia.report.concluded import conclude

        return f"SideBySide({conclude(self.comparison).headline})"

    def save(self, path: str | Path) -> None:
        """Write the comparison atomically; endings and errors as those of `Report.save`."""
        _save(Path(path), self.to_html, self.to_markdown, self.to_dict)

    def to_html(self) -> str:
        """Return the page."""
        from fidelia.report.beside import render

        return render(self.comparison)

    def to_markdown(self) -> str:
        """Return the comparison in GitHub's Markdown."""
        from fidelia.report.markdown import side_by_side

        return side_by_side(self.comparison)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: each measure, where each report stands, and the same in words."""
        from fidelia.report.beside import to_dict

        return to_dict(self.comparison)

    def _repr_html_(self) -> str:
        from fidelia.report.fragment import compared

        return compared(self.comparison)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def side_by_side(
    documents: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None, paths: Sequence[Path] = ()
) -> SideBySide:
    """Return results documents side by side; without names by what tells them apart, at last by their `paths`.

    Raises
    ------
    UsageError, SchemaError, ReadError
        As `fidelia.report.compared.compare`.
    """
    from fidelia.report.beside import called
    from fidelia.report.compared import compare

    chosen = list(names) if names is not None else called(documents, paths)
    if len(chosen) != len(documents) or len(set(chosen)) < len(chosen):
        raise UsageError(f"{len(documents)} reports need as many names, each once; found {', '.join(chosen)}")
    return SideBySide(compare(dict(zip(chosen, documents, strict=True))))


def _save(path: Path, page: Callable[[], str], markdown: Callable[[], str], data: Callable[[], Any]) -> None:
    from fidelia.data.atomic import atomic

    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: a report is written to .html, .md or .json; end the name in one of these")
    text = to_json(data()) if kind == "JSON" else page() if kind == "page" else markdown()
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")


def to_json(document: Any) -> str:
    """Return results.json as text: no NaN, stable order."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
