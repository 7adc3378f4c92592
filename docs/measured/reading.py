"""Measure how to read a score: what E says of known faults, and how sure scores are with few rows and with many.

`python docs/measured/reading.py faces` (half a minute) writes faces.json and faces.svg beside this file; `python
docs/measured/reading.py 100 300 1000` (some five minutes) writes these numbers of rows into rows.json.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fidelia as fd
from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.scales import Scale, line, squares
from fidelia.report.trilemma import drawing
from fidelia.report.words import compare

HERE = Path(__file__).parent
E = ("FID16", "DIV01", "AUT01")
CENTRES = np.array([(np.cos(a), np.sin(a)) for a in 2 * np.pi * np.arange(5) / 5]) * 5


def modes(seed: int, n: int, kept: int = 5, spread: float = 1.0) -> np.ndarray:
    r = np.random.default_rng(seed)
    return CENTRES[r.integers(0, kept, n)] + spread * 0.7 * r.normal(size=(n, 2))


def invented(n: int) -> np.ndarray:
    rows = modes(1, n)
    rows[: n // 5] = 0.4 * np.random.default_rng(2).normal(size=(n // 5, 2))
    return rows


N = 2_000
FACES: dict[str, Callable[[], np.ndarray]] = {
    "fresh real rows": lambda: modes(1, N),
    "two of five modes lost": lambda: modes(1, N, kept=3),
    "a fifth is invented": lambda: invented(N),
    "too narrow": lambda: modes(1, N, spread=0.6),
    "too wide": lambda: modes(1, N, spread=1.5),
    "copies": lambda: np.random.default_rng(1).permutation(modes(0, N)),
}


def faces() -> dict[str, Any]:
    """Return E with its references and the curves, and what the diagnosis says, of each fault."""
    found = {}
    train, fresh = (frame(modes(seed, N)) for seed in (0, 3))
    for name, made in FACES.items():
        rows = made()
        outcome = fd.evaluate(train, frame(rows), holdout=fresh, embedding=lambda table: table.to_numpy())
        found[name] = {
            "points": np.random.default_rng(0).permutation(rows)[:150].round(1).tolist(),
            "diagnosis": [verdict["kind"] for verdict in outcome.document["diagnosis"]["verdicts"]],
            **{code: {part: rounded(outcome[code], part) for part in ("value", "reference")} for code in E},
            "curves": {code: thin(outcome[code]["breakdown"]["curve"]) for code in E[:2]},
        }
    return found


def frame(rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["x", "y"])


def rounded(result: dict[str, Any], part: str) -> float:
    return round(result[part]["value"] if part == "reference" else result[part], 3)


def thin(curve: dict[str, Any]) -> list[list[float]]:
    """A curve at 21 levels."""
    levels = np.linspace(0, 1, 21)
    return [
        [round(float(a), 2), round(float(v), 3)] for a, v in zip(levels, np.interp(levels, *at(curve)), strict=True)
    ]


def at(curve: dict[str, Any]) -> tuple[Any, Any]:
    names = list(curve)
    return curve[names[0]], curve[names[1]]


SIDE, GAP, HEAD = 148, 8, 46
PANEL = 2 * SIDE + GAP


def face_picture(found: dict[str, Any]) -> str:
    """Return six panels: rows, curves and the three numbers."""
    marks, texts, grid = [], [], []
    for i, (name, face) in enumerate(found.items()):
        left, top = 8 + (i % 3) * (PANEL + 16), (i // 3) * (SIDE + HEAD + 42)
        panel = one_face(name, face, left, top)
        for into, part in zip((grid, marks, texts), panel, strict=True):
            into += part
    label = "Six synthetic tables of two columns with a known fault each, their curves and their three scores."
    return drawing([Chart("faces", 960, 2 * (SIDE + HEAD + 42) - 6, label, tuple(grid), tuple(marks), tuple(texts))])


def one_face(name: str, face: dict[str, Any], left: float, top: float) -> tuple[list[Mark], list[Mark], list[Text]]:
    x, y = Scale(-8, 8, left, left + SIDE), Scale(-8, 8, top + HEAD + SIDE, top + HEAD)
    a, b = Scale(0, 1, left + SIDE + GAP, left + PANEL), Scale(0, 1, top + HEAD + SIDE, top + HEAD)
    grid = [
        Mark("rail", box(left, top + HEAD)),
        Mark("rail", box(left + SIDE + GAP, top + HEAD)),
        Mark("fresh", line([(a(0), b(0)), (a(1), b(1))])),
    ]
    behind = np.random.default_rng(1).permutation(modes(0, N))[:150].round(1)
    marks = [Mark("bar control", squares([(x(p), y(q)) for p, q in behind], 1.6, 1.6), hint="real rows")]
    marks += [Mark("bar", squares([(x(p), y(q)) for p, q in face["points"]], 1.6, 1.6), hint=name)]
    marks += [
        Mark(kind, line([(a(p), b(q)) for p, q in face["curves"][code]]))
        for code, kind in zip(E, ("ring", "front"), strict=False)
    ]
    said = [f"{word} {face[code]['value']:.2f}" for word, code in zip(("alpha", "beta", "A"), E, strict=True)]
    texts = [
        Text(left, top + 18, name, "start", kind="title"),
        Text(left, top + 37, " · ".join(said), "start"),
    ]
    if name == "fresh real rows":
        texts += [
            Text(a(0.05), b(0.9), "alpha: line", "start", kind="quiet"),
            Text(a(0.05), b(0.79), "beta: dashes", "start", kind="quiet"),
        ]
    return grid, marks, texts


def box(left: float, top: float) -> str:
    return f"M{left} {top}h{SIDE}v{SIDE}h-{SIDE}Z"


CODES = (*E, "FID26", "UTL01", "PRV05")
DRAWS = 10
GENERATORS = ("fresh real", "trees", "copula", "marginals")


def rows(n: int) -> dict[str, Any]:
    """Return, for each kind of synthetic table, the values over draws and how often they are called worse."""
    real = fd.read(fd.sample_path("adult"), target="income")
    return {name: summed([once(real, n, name, seed) for seed in range(DRAWS)]) for name in GENERATORS}


def once(real: Any, n: int, name: str, seed: int) -> dict[str, Any]:
    """Learn n rows, draw n, and measure with n others."""
    order = np.random.default_rng(seed).permutation(len(real))
    train, holdout, other = (real.take(order[i * n : (i + 1) * n]) for i in range(3))
    made = other if name == "fresh real" else fd.fit(train, generator=name, seed=seed).sample_table(n, seed=seed)
    return dict(fd.evaluate(train, made, holdout=holdout, codes=CODES, seed=seed).document, name=name)


def summed(documents: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for code in CODES:
        results = [r for document in documents for r in document["results"] if r["code"] == code]
        values = [r["value"] for r in results]
        wide = [r["interval"][1] - r["interval"][0] for r in results if r["interval"]]
        found[code] = {
            "mean": round(float(np.mean(values)), 3),
            "sd": round(float(np.std(values, ddof=1)), 4),
            "width": round(float(np.mean(wide)), 3) if wide else None,
            "worse": sum(compare(r).level == "worse" for r in results),
            "of": len(results),
        }
    return found


def draw_faces() -> None:
    found = faces()
    (HERE / "faces.json").write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
    (HERE / "faces.svg").write_text(face_picture(found), encoding="utf-8")


def add_rows(n: int) -> None:
    place = HERE / "rows.json"
    found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    found[str(n)] = rows(n)
    ordered = {size: found[size] for size in sorted(found, key=int)}
    place.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["faces"]:
        draw_faces()
    for size in sys.argv[1:]:
        if size != "faces":
            add_rows(int(size))
