"""What the pages show, as plain data: stages, scores beside their references, runs side by side, a question of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from itertools import zip_longest
from typing import Any, Self
from urllib.parse import urlencode

from fidelia.errors import SchemaError, UsageError
from fidelia.generate.catalog import DEEP, entries
from fidelia.report import glance
from fidelia.report.card import CODES, Row, card
from fidelia.report.compared import compare
from fidelia.report.concluded import conclude
from fidelia.report.labels import label
from fidelia.report.page import toned
from fidelia.web.filters import Comparison, Filter
from fidelia.web.store import Run
from fidelia.workflow.recipe import AUTO, RACE

TRIPLE = ("FID16", "DIV01", "AUT01")
"""E: alpha-precision, beta-recall, authenticity."""
SIZES = (25, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Offer:
    """A generator that can be chosen, or one that is not installed."""

    name: str
    summary: str
    missing: str


def offers() -> list[Offer]:
    """Return the generators of tables, the default first, then the race, then those that are not installed."""
    torch = find_spec("torch") is not None
    made = [
        Offer(entry.name, entry.summary, entry.extra if entry.extra == DEEP and not torch else "")
        for entry in entries(pictures=False).values()
    ]
    return sorted([*made, Offer(AUTO, RACE, "")], key=lambda offer: bool(offer.missing))


@dataclass(frozen=True, slots=True)
class Score:
    """A line of the card, what it asks, and the colour of its words."""

    line: Row
    question: str
    tone: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the page of a run says of its results; the first screen of the report says the same.

    Parameters
    ----------
    triple, beyond : list of Score
        The numbers of E, and the other lines of the card.
    sentences : list of str
        What the headline does not say.
    lines : list of glance.Line
        Diagnosis, attacks and all measures in one line each.
    """

    triple: list[Score]
    beyond: list[Score]
    sentences: list[str]
    lines: list[glance.Line]


def summary(document: Mapping[str, Any]) -> Summary:
    """Return what a document amounts to."""
    tones = toned(document["findings"], {result["code"]: result for result in document["results"]})
    scores = [Score(line, label(line.code).question, tones.get(line.code, "none")) for line in card(document)]
    return Summary(
        [score for score in scores if score.line.code in TRIPLE],
        [score for score in scores if score.line.code not in TRIPLE],
        glance.sentences(document),
        glance.lines(document, tones),
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """A score of one run, and where it stands beside the best: see `fidelia.report.compared.Cell`."""

    score: Score
    standing: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Runs side by side.

    Parameters
    ----------
    runs : tuple of Run
        Those that are compared.
    documents : tuple of dict
        Their results.
    headline, sentences : str, list of str
        What the comparison amounts to; empty where the runs do not compare.
    notes : list of str
        What is to be kept in mind, or why they do not compare.
    scores : list of (name, figures)
        Main scores, with None where a run lacks one.
    """

    runs: tuple[Run, ...]
    documents: tuple[dict[str, Any], ...]
    headline: str
    sentences: list[str]
    notes: list[str]
    scores: list[tuple[str, tuple[Figure | None, ...]]]


def beside(runs: Sequence[Run]) -> Beside:
    """Put the main scores of finished runs side by side; those of other real rows without a judgement.

    Raises
    ------
    UsageError
        When one of them has no results, or there are too many.
    """
    documents = {name: _results(run) for name, run in zip(_names(runs), runs, strict=True)}
    headline, sentences, notes, standings = "", [], [], {}
    try:
        found = compare(documents)
    except SchemaError as reason:
        notes = [f"They are not judged against each other: {reason}"]
    else:
        said, notes = conclude(found), list(found.notes)
        headline, sentences = said.headline, said.sentences
        standings = {line.code: [line.standing(side) for side in range(len(runs))] for line in found.compared}
    told = [summary(document) for document in documents.values()]
    cards = [{score.line.code: score for score in (*each.triple, *each.beyond)} for each in told]
    scores = [(code, [each.get(code) for each in cards]) for code in CODES]
    return Beside(
        tuple(runs),
        tuple(documents.values()),
        headline,
        sentences,
        notes,
        [(label(code).title, _figures(each, standings.get(code))) for code, each in scores if any(each)],
    )


def _figures(scores: Sequence[Score | None], standings: Sequence[str] | None) -> tuple[Figure | None, ...]:
    known = standings or [""] * len(scores)
    return tuple(Figure(score, at) if score else None for score, at in zip(scores, known, strict=True))


def _names(runs: Sequence[Run]) -> list[str]:
    """Return names that tell runs apart."""
    names = [run.name for run in runs]
    return [name if names.count(name) == 1 else f"{name} ({run.id[:4]})" for name, run in zip(names, runs, strict=True)]


def _results(run: Run) -> dict[str, Any]:
    if (document := run.document()) is None:
        raise UsageError(f"run {run.name!r} has no results to compare; it is {run.status}")
    return document


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the rows of a run, as it stands in the address.

    Parameters
    ----------
    verdicts, reasons, text, lines : see `fidelia.web.filters.Filter`
        As they were written, right or wrong.
    sort, descending, page, size : see `fidelia.web.rows.Rows.page`
    scores : bool
        Whether all columns of the audit are shown.
    """

    verdicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    text: str = ""
    lines: tuple[Comparison, ...] = ()
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = 50
    scores: bool = False

    @classmethod
    def of(cls, asked: Iterable[tuple[str, str]]) -> Self:
        """Return the question of a query string."""
        listed: dict[str, list[str]] = {}
        for name, value in asked:
            listed.setdefault(name, []).append(value)
        one = {name: values[-1] for name, values in listed.items()}
        lines = zip_longest(*(listed.get(name, []) for name in ("column", "op", "value")), fillvalue="")
        return cls(
            verdicts=tuple(listed.get("verdict", ())),
            reasons=tuple(listed.get("reason", ())),
            text=one.get("text", ""),
            lines=tuple(Comparison(*line) for line in lines if line[0]),
            sort=one.get("sort", ""),
            descending=one.get("order") == "desc",
            page=_whole(one.get("page"), 1),
            size=_whole(one.get("size"), 50),
            scores=one.get("scores") == "1",
        )

    def filter(self) -> Filter:
        """Return the filter that it means; see `Filter.parse` for what is refused."""
        return Filter.parse(
            self.verdicts,
            self.reasons,
            self.text,
            columns=[line.column for line in self.lines],
            operators=[line.operator for line in self.lines],
            values=[line.value for line in self.lines],
        )

    def url(self, **changes: Any) -> str:
        """Return the address of the same question with some parts changed; from the first page, unless one is said."""
        return replace(self, **{"page": 1, **changes}).query()

    def sorted_by(self, key: str) -> str:
        """Return the address that sorts by a column: first upwards, then downwards, then not at all."""
        if key != self.sort:
            return self.url(sort=key, descending=False)
        return self.url(sort="", descending=False) if self.descending else self.url(descending=True)

    def without(self, line: Comparison) -> str:
        """Return the address without one comparison."""
        return self.url(lines=tuple(each for each in self.lines if each != line))

    def query(self) -> str:
        """Return the query string."""
        pairs = [("verdict", verdict) for verdict in self.verdicts] + [("reason", reason) for reason in self.reasons]
        for line in self.lines:
            pairs += [("column", line.column), ("op", line.operator), ("value", line.value)]
        single = {"text": self.text, "sort": self.sort, "order": "desc" if self.descending else ""}
        single |= {"page": str(self.page) if self.page > 1 else "", "size": str(self.size) if self.size != 50 else ""}
        single["scores"] = "1" if self.scores else ""
        return "?" + urlencode(pairs + [(name, value) for name, value in single.items() if value])


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else default


def seconds(run: Run) -> float | None:
    """Return how long a run took, or None while it is not over."""
    if run.started is None or run.ended is None:
        return None
    return (datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)).total_seconds()
