"""The measured numbers of measured/*.json, as words and tables for the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "measured"
SCORES = {
    "FID16": "alpha-precision",
    "DIV01": "beta-recall",
    "AUT01": "authenticity",
    "FID26": "two-sample test (AUC)",
    "UTL01": "train on synthetic (AUC)",
    "PRV05": "membership attack (AUC)",
}
TOLD = ("FID16", "FID26", "UTL01")


def read(name: str) -> Any:
    """Return what a script of the folder "measured" wrote."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def words() -> dict[str, Any]:
    """Return the numbers that pages name in their sentences: ``{{ e.wrong_index.public }}``."""
    errors = read("errors")
    values = json.loads((HERE.parent / "values.json").read_text(encoding="utf-8"))
    return {"e": shown(errors), "v": shown(values)}


def shown(found: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, str]]:
    return {name: {key(of): written(value) for of, value in line.items()} for name, line in found.items()}


def key(name: str) -> str:
    return re.sub(r"\W", "_", name)


def written(value: float) -> str:
    return "0" if value == 0 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def pages() -> Iterator[tuple[str, str]]:
    """Yield the tables that pages include."""
    yield "made/faces.md", "\n".join(faces(read("faces"))) + "\n"
    yield "made/claims.md", "\n".join(claims()) + "\n"
    yield "made/rows.md", "\n".join([*fresh(read("rows")), "", *told(read("rows"))]) + "\n"


def claims() -> list[str]:
    """Return what the trilemma bench says of the usual claims."""
    results = (HERE.parents[1] / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    return [line for line in results.split("<!-- trilemma -->")[1].splitlines() if line.startswith("* ")]


def faces(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each known fault."""
    yield "| synthetic rows | alpha-precision | beta-recall | authenticity | what fidelia calls it |"
    yield "|---|--:|--:|--:|---|"
    codes = ("FID16", "DIV01", "AUT01")
    real = found["fresh real rows"]
    yield f"| *fresh real rows get* | {' | '.join(written(real[code]['reference']) for code in codes)} | |"
    for name, face in found.items():
        said = ", ".join(kind.replace("_", " ") for kind in face["diagnosis"])
        yield f"| {name} | {' | '.join(written(face[code]['value']) for code in codes)} | {said} |"


def fresh(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what fresh real rows get at each number of rows: the mean over draws and the usual interval."""
    yield f"| fresh real rows get | {' | '.join(f'{int(n):,} rows' for n in found)} |"
    yield f"|---|{'--:|' * len(found)}"
    for code, name in SCORES.items():
        cells = [of["fresh real"][code] for of in found.values()]
        yield f"| {name} | {' | '.join(map(within, cells))} |"


def within(cell: Mapping[str, Any]) -> str:
    return f"{cell['mean']:.2f} ± {cell['width'] / 2:.2f}"


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how often a score calls a generator worse than fresh real rows."""
    yield f"| called worse, of 10 draws | by | {' | '.join(f'{int(n):,} rows' for n in found)} |"
    yield f"|---|---|{'--:|' * len(found)}"
    for name in next(iter(found.values())):
        for code in TOLD:
            shown = f"`{name}`" if name != "fresh real" else name
            yield f"| {shown if code == TOLD[0] else ''} | {SCORES[code]} | {counts(found, name, code)} |"


def counts(found: Mapping[str, Any], name: str, code: str) -> str:
    return " | ".join(str(of[name][code]["worse"]) for of in found.values())
