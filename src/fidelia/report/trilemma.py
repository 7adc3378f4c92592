"""The trilemma bench for people: one table in Markdown and one picture, both of the document alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fidelia.report.charts import Chart
from fidelia.report.notation import NONE, THIN, amount, count, percent, score
from fidelia.report.scatter import scatter
from fidelia.report.standings import Standing, standings
from fidelia.report.strips import strips

HEADS = (
    "generator", "two-sample", "alpha", "beta", "coverage", "modes", "good", "KL", "modes, turned", "good, turned",
    "KL, turned", "rare groups", "at their place", "authenticity", "DCR share",
)  # fmt: skip
COSTS = ("first 1,000 rows, s", "fit, s", "memory, MB", "model, MB", "parameters")


def markdown(document: Mapping[str, Any]) -> str:
    """Return the table, the claims and what the numbers stand for."""
    found = standings(document)
    heads = [*HEADS, *(f"rows/s at {n:,}" for n in document["draws"]), *COSTS]
    lines = [_row(heads), _row(["---", *["--:"] * (len(heads) - 1)])]
    lines += [_row(_cells(one, document["draws"])) for one in found]
    failed = [f"* {one.name}, {part}: {reason}" for one in found for part, reason in one.line["failed"].items()]
    parts = ["\n".join(lines), _legend(document)]
    parts += ["Not measured:\n\n" + "\n".join(failed)] if failed else []
    parts += ["\n".join(f"* {claim['sentence']}" for claim in document["claims"])]
    return "\n\n".join(parts).replace(THIN, " ") + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(one: Standing, draws: Sequence[int]) -> Iterator[str]:
    yield f"*{one.name}*" if one.line["control"] else one.name
    for key in ("two_sample", "alpha", "beta", "coverage"):
        yield score(one.value("real", key))
    for part in ("grid", "turned"):
        yield count(one.value(part, "modes"))
        yield percent(one.value(part, "good"), 1)
        yield score(one.value(part, "kl"))
    yield count(one.value("groups", "groups"))
    yield percent(one.value("groups", "good"), 1)
    for key in ("authenticity", "dcr"):
        yield score(one.value("real", key))
    cost = one.line["cost"] or {}
    for n in draws:
        yield count(cost.get("speed", {}).get(str(n)))
    first, fit = cost.get("first"), cost.get("fit")
    yield NONE if first is None else f"{first:.2g}"
    yield NONE if fit is None else f"{fit:.1f}"
    yield count(cost.get("fit_mb"))
    yield amount(cost.get("bundle_mb"))
    yield count(cost.get("parameters"))


def _legend(document: Mapping[str, Any]) -> str:
    table, toys, machine = document["table"], document["toys"], document["machine"]
    return (
        f"Real table: {table['name']}, {table['columns']} columns, {table['train']:,} rows to learn from, "
        f"{table['holdout']:,} to measure with, {table['fresh']:,} as fresh real rows. Made tables: 25 modes "
        f"({toys['grid']:,} rows), the same turned by 30 degrees, and {toys['groups']:,} rows with 50 rare groups. "
        f"Two-sample is 2 - 2 max(AUC, 1/2) of boosted trees on unseen rows; alpha, beta and coverage are integrated "
        "alpha-precision, integrated beta-recall and coverage; a good row lies within four standard deviations of a "
        "mode; a mode or group is found when it holds a quarter of its share of good rows; KL is the divergence of the "
        "modes' shares from equal ones. Authenticity is best at what fresh real rows get, DCR share at 0.5. Memory is "
        "the peak of the process that fitted, libraries included. In italics: controls, which are good at one thing by "
        f"design. Measured one after the other ({machine['architecture']}, processors: {machine['processors']}, "
        f"threads: {machine['threads']}), warm-up excluded, {_limit(document)}, seed {document['seed']}."
    )


def _limit(document: Mapping[str, Any]) -> str:
    if document["limit"] is None:
        return "without a time limit"
    return (
        f"with at most {document['limit']:.0f} s for the fit of the real table and {document['toy_limit']:.0f} s for "
        "that of a made one (networks; the others take seconds)"
    )


def svg(document: Mapping[str, Any]) -> str:
    """Return the picture: quality over speed with coverage and cost above, every measure of every generator below.

    It needs no script and follows the viewer's light or dark scheme.
    """
    return drawing([scatter(document), strips(document)])


def drawing(charts: Sequence[Chart]) -> str:
    """Return charts, one below the other, as one picture that needs no page around it."""
    view: str = (
        _environment()
        .get_template("trilemma.svg")
        .render(charts=charts, height=sum(chart.height for chart in charts), palette=Markup(palette()))
    )
    return view


def palette() -> str:
    """Return the colours of the report's style sheet, for both schemes."""
    sheet = (files("fidelia.report") / "templates" / "style.css").read_text(encoding="utf-8")
    return sheet[: sheet.index("* {")].strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("fidelia.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
