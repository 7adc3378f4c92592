"""The page of documents side by side: in words which is better on what, then every number beside fresh real data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.compared import Cell, Comparison, Line, Side, compare
from fidelia.report.concluded import LETTERS, conclude, main_lines, words
from fidelia.report.environment import draw
from fidelia.report.labels import label
from fidelia.report.notation import NONE, count, interval, spread, write
from fidelia.report.scales import Scale, ticks

Data = Mapping[str, Any]
STEP = 13
TONES = {"best": "good", "level": "good", "just behind": "info", "behind": "warning", "out": "fail", "none": "none"}
NOISE = (
    "The noise is that of one synthetic table each. Another seed of the same generator can move scores by more: "
    "several tables of each tell, with fidelia bench or fd.compare."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A score, ready to be drawn; `reference` is empty where one stands for all."""

    value: str
    interval: str
    reference: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, ready to be drawn."""

    code: str
    name: str
    question: str
    cells: list[Shown]
    reference: str
    chart: Chart | None
    tone: str
    words: str


def rows(found: Comparison, lines: Sequence[Line], *, charts: bool = False) -> list[Row]:
    """Return measures ready to be drawn."""
    return [_row(found, line, charts=charts) for line in lines]


def _row(found: Comparison, line: Line, *, charts: bool) -> Row:
    form, own = label(line.code).form, not _shared(line)
    known = next(cell for cell in line.cells if cell is not None)
    return Row(
        line.code,
        line.name,
        label(line.code).question,
        [_shown(cell, form, own=own) for cell in line.cells],
        "each its own" if own else spread(known.reference, known.sd, form),
        _chart(found, line, form) if charts else None,
        "none" if line.reason else "warning" if line.apart else "good",
        words(found, line),
    )


def _shown(cell: Cell | None, form: str, *, own: bool) -> Shown:
    if cell is None:
        return Shown(NONE, "", "", "none")
    beside = f"fresh real {spread(cell.reference, cell.sd, form)}" if own else ""
    return Shown(write(cell.value, form), interval(cell.interval, form), beside, TONES[cell.standing])


def _shared(line: Line) -> bool:
    return len({cell.reference for cell in line.cells if cell is not None}) == 1


def _chart(found: Comparison, line: Line, form: str) -> Chart | None:
    """Draw each document's score with its interval in a line of its own, over the band of fresh real rows."""
    known = [(i, cell) for i, cell in enumerate(line.cells) if cell is not None and cell.value is not None]
    ends = [(cell.value, *(cell.interval or ())) for _, cell in known]
    centre, noise = next(((c.reference, 2 * (c.sd or 0.0)) for _, c in known), (None, 0.0))
    extent = [end for each in ends for end in each] + ([] if centre is None else [centre - noise, centre + noise])
    if not extent:
        return None
    room = max(max(extent) - min(extent), 0.004) * 0.06
    x, tall = Scale(min(extent) - room, max(extent) + room, 22, 212), STEP * len(line.cells) + 4
    marks = []
    if centre is not None and _shared(line):
        marks += [Mark("band", f"M{x(centre - noise):g} 1H{x(centre + noise):g}V{tall}H{x(centre - noise):g}Z")]
        marks += [Mark("reference", f"M{x(centre):g} 1V{tall}")]
    texts = []
    for (i, cell), span in zip(known, ends, strict=True):
        y, kind = 9 + STEP * i, "alarm" if cell.standing in ("behind", "out") else "calm"
        marks.append(Mark(f"whisker {kind}", f"M{x(min(span)):g} {y}H{x(max(span)):g}"))
        marks.append(Mark(f"value {kind}", f"M{x(span[0]):g} {y}h0"))
        texts.append(Text(6, y + 4, LETTERS[i]))
    at = ticks(x.low, x.high, 3)
    texts += [Text(x(t), tall + 13, _tick(t, form)) for t in at if 26 < x(t) < 204]
    said = "; ".join(f"{found.sides[i].name} {write(cell.value, form)}" for i, cell in known)
    fresh = "" if centre is None else f"; fresh real data {spread(centre, known[0][1].sd, form)}"
    return Chart("spark lanes", 218, tall + 17, said + fresh, (), tuple(marks), tuple(texts))


def _tick(value: float, form: str) -> str:
    return write(value, "percent") if form == "percent" else f"{value:g}".replace("-", "−")


def render(documents: Mapping[str, Data] | Comparison) -> str:
    """Return the page: one offline HTML file without scripts.

    Parameters
    ----------
    documents : mapping of str to mapping, or Comparison
        By the name to show, the objects of results.json; or what `fidelia.report.compared.compare` made of them.
    """
    found = documents if isinstance(documents, Comparison) else compare(documents)
    main = main_lines(found)
    rest = [line for line in found.lines if line not in main]
    categories = dict.fromkeys(line.category for line in rest)
    return draw(
        "beside.html",
        found=found,
        said=conclude(found),
        letters=LETTERS,
        main=rows(found, main, charts=True),
        more=[(name, rows(found, [line for line in rest if line.category == name])) for name in categories],
        tallies=[_tally(i, main) for i in range(len(found.sides))],
        facts=[_facts(side) for side in found.sides],
        notes=[*found.notes, NOISE],
    )


def _tally(i: int, lines: Sequence[Line]) -> str:
    standings = [line.standing(i) for line in lines if not line.reason]
    ahead, behind = (sum(each in group for each in standings) for group in (("best", "level"), ("behind",)))
    return f"best or level on {ahead}, behind on {behind} of {len(standings)}"


def _facts(side: Side) -> list[tuple[str, str]]:
    """Return what a document says of itself."""
    inputs, maker = side.document["inputs"], side.document["inputs"]["generator"] or {}
    told = [("synthetic rows", count(side.rows)), ("synthetic SHA-256", inputs["synthetic"]["sha256"][:16])]
    told += [("unseen rows SHA-256", inputs["holdout"]["sha256"][:16] if inputs["holdout"] else NONE)]
    given = ", ".join(f"{name}={value}" for name, value in (maker.get("parameters") or {}).items())
    told += [("generator", " ".join(filter(None, (maker.get("name"), given and f"({given})"))) or NONE)]
    told += [("seed", str(side.document["seed"])), ("fidelia", side.document["fidelia"])]
    space = side.document["embedding"]
    return [
        *told,
        ("distances taken in", f"{space['name']} {space['version']}, {space['hash'][:8]}" if space else NONE),
    ]


def called(documents: Sequence[Data], paths: Sequence[Path] = ()) -> list[str]:
    """Return names that tell documents apart: generators, with seeds, by version, or where they stand."""
    makers = [str((document.get("inputs", {}).get("generator") or {}).get("name", "")) for document in documents]
    tried = [[f"{maker}{more(d)}" for maker, d in zip(makers, documents, strict=True)] for more in _MORE]
    tried = (tried if all(makers) else []) + [[_place(path) for path in paths], [str(path) for path in paths]]
    numbered = [f"{maker or 'table'} {i}" for i, maker in enumerate(makers, 1)]
    return next((names for names in tried if names and len(set(names)) == len(names)), numbered)


_MORE: tuple[Callable[[Data], str], ...] = (
    lambda _: "",
    lambda document: f" (seed {document.get('seed')})",
    lambda document: f" (fidelia {document.get('fidelia')})",
)


def _place(path: Path) -> str:
    return path.parent.name if path.name == "results.json" else path.stem


def to_dict(found: Comparison) -> dict[str, Any]:
    """Return the comparison as plain data, without the documents themselves."""
    said = conclude(found)
    return {
        "kind": "comparison",
        "headline": said.headline,
        "sentences": said.sentences,
        "notes": list(found.notes),
        "sides": [{key: value for key, value in asdict(side).items() if key != "document"} for side in found.sides],
        "lines": [asdict(line) | {"words": words(found, line)} for line in found.lines],
    }
