"""Show what the public programs for alpha-precision, beta-recall and authenticity get wrong, where the answer is known.

`python docs/measured/errors.py` writes errors.json and errors.svg beside itself; it takes about a minute and needs
torch for one of the cases. The programs are run by fidelia's own reproductions, errors included
(`fidelia.measure.support.compat`, `fidelia.sanity.peers`).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fidelia as fd
from fidelia.errors import NotApplicable
from fidelia.measure.space.neighbors import search
from fidelia.measure.support import compat
from fidelia.report.charts import Chart, Mark, Text
from fidelia.report.scales import Scale, circle
from fidelia.report.trilemma import drawing
from fidelia.sanity import peers

HERE = Path(__file__).parent
PROGRAMS = ("alaa2022", "synthcity")
Found = dict[str, float]


def gaussian(seed: int, n: int, d: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def ours(train: np.ndarray, synthetic: np.ndarray, fresh: np.ndarray, *codes: str) -> Found:
    """Return what fidelia says, with plain distances between the given rows."""
    frames = [pd.DataFrame(rows, columns=[f"x{i}" for i in range(rows.shape[1])]) for rows in (train, synthetic, fresh)]
    outcome = fd.evaluate(*frames[:2], holdout=frames[2], codes=codes, embedding=lambda frame: frame.to_numpy())
    found = {}
    for code in codes:
        found[code] = outcome[code]["value"]
        found[f"{code} fresh"] = outcome[code]["reference"]["value"]
    return found


def wrong_index() -> Found:
    """Each synthetic row is a copy of one of the first 400 of 4,000 real rows: nothing is authentic."""
    x = gaussian(0, 4_000, 8)
    y = x[np.random.default_rng(1).integers(0, 400, 4_000)]
    said = ours(x, y, gaussian(2, 1_000, 8), "AUT01")
    try:
        compat.authenticity(x[:1_000], y)
        stops = 0.0
    except NotApplicable:
        stops = 1.0
    return {"answer": 0.0, "public": compat.authenticity(x, y), "fidelia": said["AUT01"], "stops": stops}


def wrong_filter() -> Found:
    """Half of the synthetic rows are copies: a filter on authenticity must keep the others and drop these."""
    x, new, fresh = gaussian(0, 2_000, 8), gaussian(1, 1_000, 8), gaussian(2, 2_000, 8)
    order = np.random.default_rng(3).permutation(2_000)
    y, copy = np.concatenate([x[:1_000], new])[order], (order < 1_000)
    own = search(x, x, 1, own=np.arange(len(x))).distance[:, 0]
    near = search(x, y, 1)
    kept = own[near.index[:, 0]] < near.distance[:, 0]  # one value a real row, used on synthetic ones
    frames = [pd.DataFrame(rows, columns=[f"x{i}" for i in range(8)]) for rows in (x, y, fresh)]
    verdict = np.array(fd.audit(*frames[:2], holdout=frames[2]).audit.verdict)
    return {
        "answer": 0.0,
        "public": float(kept[copy].mean()),
        "public new": float(kept[~copy].mean()),
        "fidelia": float((verdict[copy] == "accept").mean()),
        "fidelia new": float((verdict[~copy] == "accept").mean()),
    }


def half_for_the_perfect() -> Found:
    """Fresh rows of the same law: everything real is represented."""
    x, y, fresh = (gaussian(seed, 2_000, 2) for seed in range(3))
    said = ours(x, y, fresh, "DIV01")
    return {
        "answer": said["DIV01 fresh"],
        "public": compat.published(x, y, "synthcity").recall,
        "fidelia": said["DIV01"],
    }


def half_is_lost() -> Found:
    """Two modes of equal size, of which the synthetic rows have one: half of the real rows is lost."""
    r = np.random.default_rng(4)
    x, whole, fresh = (r.normal(size=(3_000, 1)) + np.where(r.random(3_000) < 0.5, -10, 10)[:, None] for _ in range(3))
    half = r.normal(size=(3_000, 1)) + 10
    public = [compat.published(x, y, "synthcity").recall for y in (whole, half)]
    said = [ours(x, y, fresh, "DIV01")["DIV01"] for y in (whole, half)]
    return {
        "answer": 0.5,
        "public": public[0] - public[1],
        "public whole": public[0],
        "public half": public[1],
        "fidelia": said[0] - said[1],
        "fidelia whole": said[0],
        "fidelia half": said[1],
    }


def grows_with_rows() -> Found:
    """1,000 real rows and ever more synthetic ones of the same law: nothing about the law changes."""
    x, fresh, found = gaussian(3, 1_000, 8), gaussian(5, 1_000, 8), {}
    for m in (1_000, 4_000, 16_000):
        y = gaussian(4, m, 8)
        found[f"public {m}"] = compat.integral(compat.recall_curve(x, y, "alaa2022"), "alaa2022")
        found[f"fidelia {m}"] = ours(x, y, fresh, "DIV01")["DIV01"]
    growth = {name: max(found[f"{name} 16000"] - found[f"{name} 1000"], 0) for name in ("public", "fidelia")}
    return {"answer": 0.0, **growth, **found}


def below_zero() -> Found:
    """Tables that have nothing in common."""
    x, y, fresh = gaussian(0, 300, 2), gaussian(1, 300, 2, shift=100), gaussian(2, 300, 2)
    return {
        "answer": 0.0,
        "public": compat.published(x, y, "alaa2022").precision,
        "fidelia": ours(x, y, fresh, "FID16")["FID16"],
    }


def judged_on_its_own_rows() -> Found:
    """A network learns what is typical of 1,500 rows in 64 dimensions, and judges fresh rows and copies."""
    from fidelia.measure.space.one_class import OneClass

    x, y, fresh = (gaussian(seed, 1_500, 64) for seed in range(3))
    frames = [pd.DataFrame(rows, columns=[f"x{i}" for i in range(64)]) for rows in (x, y, fresh)]
    tables = [fd.read(frame) for frame in frames]
    space = OneClass(epochs=300, share=0.8).fit(tables[0], fd.Rng(0))
    real, made = (space.transform(table) for table in tables[:2])
    seen = real[space.fitted]
    said = {
        name: fd.evaluate(frames[0], rows, holdout=frames[2], codes=["FID16"], embedding="one-class")["FID16"]["value"]
        for name, rows in (("fresh", frames[1]), ("copies", frames[0]))
    }
    return {
        "answer": 1.0,
        "public": compat.integral(compat.precision_curve(seen, made, "synthcity", space.centre), "synthcity"),
        "public copies": compat.integral(compat.precision_curve(seen, seen, "synthcity", space.centre), "synthcity"),
        "fidelia": said["fresh"],
        "fidelia copies": said["copies"],
    }


def inert_radius() -> Found:
    """Three rows at squared distances 0.1, 1 and 5 from the centre; the loss must know the radius of the ball."""
    from torch import tensor

    from fidelia.measure.space.one_class import soft_boundary

    squared = tensor([0.1, 1.0, 5.0]).double()
    found = {}
    for radius2 in (0.5, 2.0):
        found[f"fidelia {radius2}"] = float(soft_boundary(squared, radius2, 0.1))
        found[f"public {radius2}"] = float(squared.mean() / 0.1)
    return found


def order_of_names() -> Found:
    """The same two tables twice; only the names of the five levels differ, and so their order in the alphabet."""
    r = np.random.default_rng(4)
    x, y, fresh = (leveled(r, n, share) for n, share in ((3_000, 0.5), (3_000, 0.2), (1_500, 0.5)))
    found = {}
    for name, codes in (("first", [0, 1, 2, 3, 4]), ("second", [3, 1, 4, 2, 0])):
        sides = compat.min_max(*(recoded(rows, codes) for rows in (x, y)), np.array([False, True]))
        found[f"public {name}"] = compat.published(*sides, "synthcity").precision
        named = [pd.DataFrame({"x": rows[:, 0], "c": np.array(list("abcde"))[recoded(rows, codes)[:, 1].astype(int)]})
                 for rows in (x, y, fresh)]  # fmt: skip
        found[f"fidelia {name}"] = fd.evaluate(*named[:2], holdout=named[2], codes=["FID16"])["FID16"]["value"]
    return {
        "answer": found["public first"],
        "public": found["public second"],
        "fidelia": found["fidelia second"],
        **found,
    }


def leveled(r: np.random.Generator, n: int, share: float) -> np.ndarray:
    """A number whose mean depends on a level; level 0 has this share."""
    level = np.where(r.random(n) < share, 0, r.integers(1, 5, n))
    return np.column_stack([r.normal(size=n) + level, level])


def recoded(rows: np.ndarray, codes: list[int]) -> np.ndarray:
    return np.column_stack([rows[:, 0], np.array(codes, dtype=float)[rows[:, 1].astype(int)]])


def ties() -> Found:
    """Fresh rows of two columns with a few levels each: nobody copied anything, and every row has a twin."""
    r = np.random.default_rng(5)
    x, y, fresh = (
        np.column_stack([r.integers(0, 3, n), r.integers(0, 2, n)]).astype(float) for n in (2_000, 2_000, 1_000)
    )
    said = ours(x, y, fresh, "AUT01", "AUT02")
    return {
        "public": compat.authenticity(x, y),
        "fidelia": said["AUT01"],
        "answer": said["AUT01 fresh"],
        "difference": said["AUT02"],
    }


def any_ball() -> Found:
    """Fresh uniform rows in 8 dimensions, by the paper's rule and by pymdma's."""
    x, y, fresh = (np.random.default_rng(seed).random((2_000, 8)) for seed in range(3))
    said = ours(x, y, fresh, "AUT01")
    return {"answer": said["AUT01 fresh"], "public": peers.any_ball_authenticity(x, y), "fidelia": said["AUT01"]}


def swapped_labels() -> Found:
    """Classes 90 % / 10 % against 10 % / 90 %."""
    real, other = np.repeat([0, 1], [900, 100]), np.repeat([0, 1], [100, 900])
    frames = [pd.DataFrame({"c": np.array(["yes", "no"])[codes]}) for codes in (real, other, real)]
    value = fd.evaluate(*frames[:2], holdout=frames[2], codes=["FID02"])["FID02"]["value"]
    return {"answer": 0.2, "public": peers.inverse_kl(real, other), "fidelia": value}


def order_of_copies() -> Found:
    """All synthetic rows are copies, in the order of the file and shuffled: the distance to the closest record is 0."""
    x, fresh = gaussian(0, 1_000, 4), gaussian(2, 500, 4)
    y = np.random.default_rng(1).permutation(x)
    return {
        "answer": 0.0,
        "public": peers.median_distance_ratio(x, x.copy()),
        "public shuffled": peers.median_distance_ratio(x, y),
        "fidelia": ours(x, x.copy(), fresh, "AUT01")["AUT01"],
        "fidelia shuffled": ours(x, y, fresh, "AUT01")["AUT01"],
    }


CASES: dict[str, Callable[[], Found]] = {
    case.__name__: case
    for case in (
        wrong_index, wrong_filter, half_for_the_perfect, half_is_lost, grows_with_rows, below_zero,
        judged_on_its_own_rows, inert_radius, order_of_names, ties, any_ball, swapped_labels, order_of_copies,
    )
}  # fmt: skip

SHOWN = {
    "wrong_index": "Authenticity of nothing but copies",
    "wrong_filter": "Copies kept by a filter on authenticity",
    "half_for_the_perfect": "Beta-recall of fresh real rows",
    "half_is_lost": "Fall of beta-recall, half of the data lost",
    "grows_with_rows": "Growth of beta-recall with 16 x the rows",
    "judged_on_its_own_rows": "Alpha-precision of fresh rows, one-class",
    "any_ball": "Authenticity of fresh rows, pymdma",
    "swapped_labels": "Shape of a column with labels swapped",
    "order_of_copies": "Closest record of copies, in order",
}
"""What the picture shows: those whose answer is a number in [0, 1]."""
WIDTH, LEFT, ROW, TOP = 960, 330, 30, 64


def picture(found: dict[str, Found]) -> str:
    """Return the known answers, what the public programs say and what fidelia says."""
    x = Scale(0, 1, LEFT, WIDTH - 40)
    bottom = TOP + ROW * len(SHOWN)
    grid = [Mark("grid", f"M{x(tick)} {TOP - 12}V{bottom - 8}") for tick in (0, 0.25, 0.5, 0.75, 1)]
    texts = [Text(x(tick), bottom + 10, f"{tick:g}", kind="quiet") for tick in (0, 0.25, 0.5, 0.75, 1)]
    marks: list[Mark] = []
    for i, (name, title) in enumerate(SHOWN.items()):
        y, row = TOP + ROW * i, found[name]
        places = {key: x.held(row[key]) for key in ("answer", "public", "fidelia")}
        texts.append(Text(LEFT - 20, y + 4, title, "end"))
        marks += [
            Mark("leader", f"M{places['answer']} {y}H{places['public']}"),
            Mark("tick", f"M{places['answer']} {y - 9}V{y + 9}", hint=f"Known answer: {row['answer']:.3f}"),
            disc(places["fidelia"], y, f"fidelia: {row['fidelia']:.3f}"),
            cross(places["public"], y, f"Public program: {row['public']:.3f}"),
        ]
    label = "What public programs say of cases with a known answer, beside the answer and what fidelia says."
    texts += legend(marks)
    return drawing([Chart("errors", WIDTH, bottom + 24, label, tuple(grid), tuple(marks), tuple(texts))])


def legend(marks: list[Mark]) -> list[Text]:
    marks += [Mark("tick", f"M{LEFT + 4} 12V30"), disc(LEFT + 142, 21, ""), cross(LEFT + 240, 21, "")]
    names = ((LEFT + 16, "known answer"), (LEFT + 154, "fidelia"), (LEFT + 252, "public program"))
    return [Text(at, 25, name, "start") for at, name in names]


def disc(x: float, y: float, hint: str) -> Mark:
    return Mark("bar", circle(x, y, 6), hint=hint)


def cross(x: float, y: float, hint: str) -> Mark:
    return Mark("ring copies", f"M{x - 5} {y - 5}L{x + 5} {y + 5}M{x - 5} {y + 5}L{x + 5} {y - 5}", hint=hint)


def main() -> None:
    found: dict[str, Any] = {name: {k: round(v, 4) for k, v in case().items()} for name, case in CASES.items()}
    (HERE / "errors.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (HERE / "errors.svg").write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
