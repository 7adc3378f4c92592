"""Experiment 2: which score sees that modes are being lost, and how steadily?

Real digits stand in the place of synthetic ones. In 21 steps the digits 1 to 9 give way to zeros: all a little at a
time (simultaneous), or one after the other (sequential). What is lost is diversity; every picture stays a real one.
Alaa et al. claim that beta-recall falls steadily and alpha-precision stays, where precision, recall and the Fréchet
distance hardly move until the extreme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from figures import between, correlation, interval, markdown
from pictures import Curve, Frame, curves
from scipy.stats import spearmanr
from study import Found, Page, Runs, Settings, Study, shared

import fidelia
from fidelia.data.images.imageset import pictures
from fidelia.generate.sampling import joined
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.generations.sets import sibling
from fidelia.measure.images.choose import embedding
from fidelia.measure.images.extractor import Extracted, extracted
from fidelia.measure.joint.transport import frechet
from fidelia.measure.support import balls
from fidelia.report.notation import score, signed
from fidelia.rng import Rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.report.charts import Chart

    Ints = NDArray[np.int64]

STEPS, QUICK = 21, 5
DRAWS = 10
"""Draws without any loss, which say how much a score moves by chance."""
TAUGHT = 1 / 3
"""Of all pictures, to train an extractor; no score sees them."""
BAND, SIGHT = 0.05, 3.0
"""How far alpha-precision may move, and from how many standard deviations on a change is seen."""
FEATURES = {"cnn": "features of a trained network", "random-convolutions": "features of random convolutions"}
WAYS = ("simultaneous", "sequential")
NONE, ALONE = "none", "alone"
"""Nothing lost, drawn several times; and each class by itself: scores may depend on which one stays."""
SCORES = {
    "alpha": "alpha-precision",
    "alpha, one-sided": "alpha-precision, one-sided",
    "beta": "beta-recall",
    "authenticity": "authenticity",
    "Fréchet": "Fréchet distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "P_1": "P at alpha = 1",
    "R_1": "R at beta = 1",
    "hypersphere alpha": "alpha-precision, hypersphere",
    "hypersphere beta": "beta-recall, hypersphere",
}
STAYS = ("alpha", "alpha, one-sided", "beta", "precision")
"""Those of which it is said what each class by itself gets."""
DRAWN = tuple(SCORES)[:9]
"""Those of the picture."""


class Space(NamedTuple):
    """An extractor, and a table of the pictures that did not train it with their features."""

    embedding: Extracted
    table: Table


@dataclass(frozen=True, slots=True)
class Arena:
    """The parts of one seed.

    Parameters
    ----------
    cases : mapping of str to Case
        By extractor; with real pictures, fresh ones, and whatever stands in the place of synthetic ones.
    tables : mapping of str to Table
        By extractor: all pictures of `pools` with their features.
    pools : list of (m,) int64
        The rows of each class that may be shown as synthetic, the class that stays first.
    each : int
        How many of each class are shown where nothing is lost.
    labels : list of str
        Of the classes.
    """

    cases: Mapping[str, Case]
    tables: Mapping[str, Table]
    pools: list[Ints]
    each: int
    labels: list[str]


def digits(path: Path | None) -> Table:
    """Return the handwritten digits: 10,000 of MNIST's test part and 5,000 of its training part.

    Parameters
    ----------
    path : Path or None
        Other labelled pictures, whatever `fidelia.read_images` reads.
    """
    if path is not None:
        return fidelia.read_images(path).table()
    way = "It is MNIST (http://yann.lecun.com/exdb/mnist); idx files will do."
    files = [shared(name, way) / "data.parquet" for name in ("mnist_test10k", "mnist_5k")]
    return joined([fidelia.read_images(file).table() for file in files])


@cache
def spaces(table: Table) -> dict[str, Space]:
    """Return the spaces that scores are taken in: extractors are trained, and features taken, once for all seeds."""
    order = Rng(0).child("taught").generator().permutation(len(table))
    taught, rest = (table.take(np.sort(rows)) for rows in np.split(order, [int(TAUGHT * len(table))]))
    found = {}
    for name in FEATURES:
        made = embedding(name, taught, Rng(0).child(name))
        assert isinstance(made, Extracted)
        found[name] = Space(made, replace(rest, features=extracted(made.extractor, pictures(rest))))
    return found


def arena(table: Table, rng: Rng, _: bool) -> Arena:
    """Deal each class out: a tenth of the rarest for real pictures, as many fresh ones, the others to be shown."""
    rest = spaces(table)
    labels, codes = classes(rest["cnn"].table)
    members = [np.flatnonzero(codes == i) for i in range(codes.max() + 1)]
    dealt = [rng.child(f"class/{i}").generator().permutation(rows) for i, rows in enumerate(members)]
    size = min(map(len, dealt)) // len(dealt)
    real, fresh = (np.sort(np.concatenate([rows[at : at + size] for rows in dealt])) for at in (0, size))
    pools = [rows[2 * size :] for rows in dealt]
    each = min(len(pools[0]) // len(pools), *map(len, pools))
    cases = {
        name: Case(space.table.take(real), space.table.take(fresh), space.table.take(fresh), rng.child("measure"),
                   embedding=space.embedding)
        for name, space in rest.items()
    }  # fmt: skip
    return Arena(cases, {name: space.table for name, space in rest.items()}, pools, each, labels)


def classes(table: Table) -> tuple[list[str], Ints]:
    """Return the labels in their order, and the place of each picture's own among them."""
    labels = np.array(table[table.schema.target or ""].cast(pa.string()).to_pylist())
    found, codes = np.unique(labels, return_inverse=True)
    return found.tolist(), codes.astype(np.int64)


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Return every score at every step of a way of losing modes, each step drawn anew."""
    name, way = settings["features"], settings["way"]
    draws = alone(arena) if way == ALONE else steps(arena, way, settings["steps"], Rng(seed).child("order"))
    rng, found = Rng(seed), []
    for i, counts in enumerate(draws):
        rows = shown(arena, counts, rng.child(f"{way}/{i}").generator())
        found.append(scored(sibling(arena.cases[name], arena.tables[name].take(rows))))
    return {"labels": arena.labels, "scores": {key: [one[key] for one in found] for key in SCORES}}


def alone(arena: Arena) -> list[Ints]:
    """Return for each class as many pictures of it as are shown in all, and none of the others."""
    most = [min(len(pool), arena.each * len(arena.pools)) for pool in arena.pools]
    return list(np.diag(most))


def steps(arena: Arena, way: str, count: int, rng: Rng) -> list[Ints]:
    """Return how many pictures of each class are shown in every step of a way."""
    shares = np.zeros(DRAWS) if way == NONE else np.linspace(0, 1, count)
    left = [remaining(way, share, len(arena.pools) - 1, arena.each, rng.generator()) for share in shares]
    total = arena.each * len(arena.pools)
    return [np.array([total - of.sum(), *of]) for of in left]


def remaining(way: str, share: float, modes: int, each: int, draw: np.random.Generator) -> Ints:
    """Return how many pictures each of the modes still has when a share of all of them is lost, ``(modes,)``."""
    if way != "sequential":
        return np.full(modes, each - round(share * each))
    place = draw.permutation(modes)
    lost = np.clip(round(share * modes * each) - each * place, 0, each)
    return np.asarray(each - lost, dtype=np.int64)


def shown(arena: Arena, counts: Ints, draw: np.random.Generator) -> Ints:
    """Draw so many pictures of each class."""
    drawn = [draw.choice(pool, n, replace=False) for pool, n in zip(arena.pools, counts, strict=True)]
    return np.sort(np.concatenate(drawn))


def scored(case: Case) -> Found:
    """Return the scores of a case by the names of `SCORES`."""
    alpha, beta, new, sphere, recall = (
        measure(case, [code])[0][0] for code in ("FID16", "DIV01", "AUT01", "FID17", "DIV02")
    )
    points = case.embedded
    near = dict(zip(balls.CODES, balls.scores(points.train, points.synthetic), strict=True))
    return {
        "alpha": alpha.value,
        "alpha, one-sided": alpha.breakdown["one_sided"],
        "beta": beta.value,
        "authenticity": new.value,
        "Fréchet": frechet(points.train, points.synthetic),
        **{key: near[code] for key, code in zip(DRAWN[5:], balls.CODES[:1] + balls.CODES[1:4], strict=True)},
        "P_1": alpha.breakdown["P_1"],
        "R_1": beta.breakdown["R_1"],
        "hypersphere alpha": sphere.value,
        "hypersphere beta": recall.value,
    }


def summary(runs: Runs) -> Found:
    """Return for each extractor and way how every score responds to the loss; and what each class by itself gets."""
    still = {features: runs[f"{features}, {NONE}"] for features in FEATURES}
    found: Found = {
        f"{features}, {way}": {
            key: response(series(runs[f"{features}, {way}"], key), series(still[features], key)) for key in SCORES
        }
        for features in FEATURES
        for way in WAYS
    }
    for features in FEATURES:
        of = runs[f"{features}, {ALONE}"]
        means = {key: [interval(one) for one in series(of, key).T] for key in STAYS}
        found[f"{features}, {ALONE}"] = {"labels": of[0]["labels"], **means}
    return found


def series(of: list[Found], key: str) -> NDArray[np.float64]:
    """Return a score by seed and step."""
    return np.array([one["scores"][key] for one in of], dtype=np.float64)


def response(values: NDArray[np.float64], still: NDArray[np.float64]) -> Found:
    """Return how a score responds.

    Parameters
    ----------
    values : (seeds, steps)
        With more and more lost.
    still : (seeds, draws)
        With nothing lost: their standard deviation within seeds is the noise.

    Returns
    -------
    dict
        ``mean`` (by step, with intervals), ``spearman`` with the step, ``least`` of them over seeds; ``moved``, the
        largest change of the mean, and ``held``, the largest share lost up to which the mean stays within `BAND`;
        ``noise``; ``half`` and ``end``, the changes in units of noise; ``seen``, the share lost from which on the mean
        stays `SIGHT` such units away (None: never).
    """
    share = np.linspace(0, 1, values.shape[1])
    noise = float(np.sqrt(still.var(axis=1, ddof=1).mean()))
    change = values.mean(axis=0) - still.mean()
    within = np.abs(change) <= BAND
    beyond = np.abs(change) > SIGHT * noise
    rho = [0.0 if np.ptp(one) == 0 else float(spearmanr(share, one)[0]) for one in values]
    units = change / noise if noise else np.zeros_like(change)
    return {
        "mean": [interval(step) for step in values.T],
        "start": float(still.mean()),
        "spearman": correlation(rho),
        "least": float(np.min(np.abs(rho))),
        "moved": float(change[np.argmax(np.abs(change))]),
        "held": None if not within[0] else float(share[_run(within) - 1]),
        "noise": noise,
        "half": float(units[len(share) // 2]),
        "end": float(units[-1]),
        "seen": float(share[len(share) - _run(beyond[::-1])]) if beyond[-1] else None,
    }


def _run(true: NDArray[np.bool_]) -> int:
    """Return how many values are true before the first that is not."""
    return int(np.argmin(true)) if not true.all() else len(true)


def page(document: Found) -> Page:
    """Return a table and a picture of each extractor."""
    found, text = document["summary"], []
    for features, said in FEATURES.items():
        for way in WAYS:
            text += [f"**{said[0].upper()}{said[1:]}, {way}**", table_of(found[f"{features}, {way}"])]
        text += [f"**{said[0].upper()}{said[1:]}, one class alone**", stayed(found[f"{features}, {ALONE}"])]
    return Page("\n\n".join(text) + "\n", [drawn(features, found, document["seeds"]) for features in FEATURES])


def stayed(found: Found) -> str:
    """Return in words what each class by itself gets."""
    lines = [[SCORES[key], *(score(mean, 2) for mean, _, _ in found[key])] for key in STAYS]
    return markdown(["only this class", *found["labels"]], lines)


def table_of(found: Mapping[str, Found]) -> str:
    """Return how each score responds, in words."""
    heads = ("score", "nothing lost", "half lost", "all lost", "Spearman", "least of the seeds", "noise, sd",
             "change at half, sd", "change at the end, sd", "seen from")  # fmt: skip
    return markdown(heads, [line(SCORES[key], of) for key, of in found.items()])


def line(name: str, of: Found) -> list[str]:
    """Return a score's line of the table."""
    half = len(of["mean"]) // 2
    return [
        name,
        score(of["start"]),
        *(between(of["mean"][step]) for step in (half, -1)),
        between(of["spearman"], 3, signed),
        score(of["least"]),
        score(of["noise"], 4),
        *(signed(of[key], 1) for key in ("half", "end")),
        "never" if of["seen"] is None else f"{of['seen']:.2f}",
    ]


def drawn(features: str, found: Found, seeds: int) -> Chart:
    """Return the picture of one extractor: every score over the share that is lost, both ways."""
    frames = []
    for key in DRAWN:
        of = [found[f"{features}, {way}"][key] for way in WAYS]
        steps = len(of[0]["mean"])
        lines = [Curve(way, [tuple(point) for point in one["mean"]]) for way, one in zip(WAYS, of, strict=True)]
        band = (of[0]["start"], SIGHT * of[0]["noise"])
        frames.append(Frame(SCORES[key], np.linspace(0, 1, steps).tolist(), lines, band))
    return curves(
        f"Digits 1 to 9 give way to zeros: {FEATURES[features]}",
        frames,
        label="Scores over the share of the digits 1 to 9 that is lost, simultaneously and one after the other.",
        note="Across: the share that is lost. Solid: simultaneous; dashed: one after the other. Mean and 95 % interval "
        f"over {seeds} seeds; grey: {SIGHT:g} sd of chance.",
    )


def arms(quick: bool) -> dict[str, Settings]:
    """Return every extractor with every way."""
    steps = QUICK if quick else STEPS
    return {
        f"{features}, {way}": {"features": features, "way": way, "steps": steps}
        for features in FEATURES
        for way in (NONE, *WAYS, ALONE)
    }


STUDY = Study(
    name="mode_dropping", source=digits, arms=arms, arena=arena, measure=run, summary=summary, page=page
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
