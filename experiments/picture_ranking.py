"""Experiment 4: which generator of pictures is the better one, and does it depend on who is asked?

Generators learn 10,000 handwritten digits, and are ranked by the Fréchet distance, by alpha-precision, beta-recall and
authenticity, and by a judge that no score has to do with: what share of real digits a small network knows that learnt
from the drawn ones alone. Alaa et al. find that of a GAN and a diffusion model the one has the better recall and the
other the better precision, where the Fréchet distance gives one order.

Networks take minutes each. What ``benchmarks/images.py`` or an earlier run has drawn is in ``out/images`` and not drawn
again; without all of it a run of one seed takes an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from figures import between, interval, markdown
from mode_dropping import digits
from pictures import Arm, Panel, Point, forest
from scipy.stats import kendalltau
from study import ROOT, Found, Page, Runs, Settings, Study

import fidelia
from fidelia.data.images.imageset import ImageSet, pictures
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.generations.sets import sibling
from fidelia.measure.images.classifier import Classifier
from fidelia.measure.images.extractor import Extracted, extracted
from fidelia.measure.joint.transport import frechet
from fidelia.measure.space.choose import with_embedding
from fidelia.report.notation import score, signed
from fidelia.rng import Rng
from fidelia.workflow.model import fit_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fidelia.data.table import Table
    from fidelia.report.charts import Chart

LEARNT, COMPARED = 2 / 3, 4_000
"""Share of all pictures that generators learn from; pictures of a side that distances are taken between."""
STEPS, FEW = 2_000, 20
"""Of the judge."""
FRESH = "fresh real digits"
ARMS = ("image-vae", "image-gan", "image-latent", "image-ddgan", "image-diffusion")
PAIR = ("image-gan", "image-diffusion")
"""The two families of the paper's comparison."""
TINY = {"steps": 4, "width": 8}
DRAWN = ROOT / "out" / "images"
SCORES = {
    "Fréchet": "Fréchet distance",
    "alpha": "alpha-precision",
    "one-sided": "alpha-precision, one-sided",
    "beta": "beta-recall",
    "authenticity": "authenticity",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy on real digits",
}
LESS = {"Fréchet"}
"""Scores of which less is better."""


@dataclass(frozen=True, eq=False)
class Arena:
    """What the generators of one seed share: pictures to learn, and others that nobody sees."""

    train: Table
    unseen: Table
    rng: Rng
    quick: bool

    @cached_property
    def case(self) -> Case:
        """The fresh pictures in the place of synthetic ones, in the features of a network that half of train taught."""
        half = np.arange(len(self.unseen)) < len(self.unseen) // 2
        fresh, rest = (self.unseen.take(np.flatnonzero(rows)) for rows in (half, ~half))
        return with_embedding(Case(self.train, fresh, rest, self.rng.child("measure")), "cnn")


def arena(table: Table, rng: Rng, quick: bool) -> Arena:
    """Split the pictures."""
    order = rng.child("digits").generator().permutation(len(table))
    learnt, unseen = np.split(order, [int(LEARNT * len(table))])
    return Arena(table.take(learnt), table.take(unseen), rng, quick)


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Return the scores of what a generator draws, or of fresh pictures."""
    name = settings["generator"]
    made = arena.case.synthetic if name == FRESH else drawn(arena, settings, seed)
    case = arena.case if name == FRESH else with_features(arena.case, made)
    found = {result.code: result for result in measure(case, ["FID16", "DIV01", "AUT02", "FID20", "DIV05"])[0]}
    points = case.embedded
    size = min(COMPARED, len(points.synthetic), len(points.side("holdout")))
    taught = made if name != FRESH else arena.train
    return {
        "Fréchet": frechet(points.synthetic[:size], points.side("holdout")[:size]),
        "alpha": found["FID16"].value,
        "one-sided": found["FID16"].breakdown["one_sided"],
        "beta": found["DIV01"].value,
        "authenticity": found["AUT02"].value,
        "precision": found["FID20"].value,
        "recall": found["DIV05"].value,
        "accuracy": accuracy(taught, arena.unseen, seed, FEW if arena.quick else STEPS),
    }


def with_features(like: Case, made: Table) -> Case:
    """Return the case of drawn pictures, with their features taken once."""
    assert isinstance(like.embedding, Extracted)
    features = extracted(like.embedding.extractor, pictures(made))
    return sibling(like, replace(made.with_schema(like.schema), features=features))


def drawn(arena: Arena, settings: Settings, seed: int) -> Table:
    """Return what a generator drew earlier for this seed, else let it learn and draw, as many as it learnt from."""
    place = kept(settings["generator"], seed)
    if not arena.quick and place.is_file():
        return fidelia.read_images(place).table()
    model = fit_table(arena.train, generator=settings["generator"], parameters=settings["parameters"], seed=seed)
    made = model.sample_table(len(arena.train), seed=seed)
    if not arena.quick:
        place.parent.mkdir(parents=True, exist_ok=True)
        ImageSet.of(made).write(place)
    return made


def kept(name: str, seed: int) -> Path:
    """Return where the pictures of a generator are; those of the first seed are the benchmark's."""
    return DRAWN / f"{name}{f'-{seed}' if seed else ''}.npz"


def accuracy(taught: Table, real: Table, seed: int, steps: int) -> float:
    """Return the share of real pictures that a small network knows which learnt from these alone."""
    learnt, asked = ImageSet.of(taught), ImageSet.of(real)
    judge = Classifier(seed, steps).fit(learnt.pixels, np.array(learnt.labels))
    return float((judge.predict(asked.pixels) == np.array(asked.labels)).mean())


def summary(runs: Runs) -> Found:
    """Return the scores, each score's order of the generators, and how far it agrees with the judge's."""
    means = {key: {name: float(np.mean([one[key] for one in of])) for name, of in runs.items()} for key in SCORES}
    names = [name for name in runs if name != FRESH]
    good = {key: [means[key][name] * (-1 if key in LESS else 1) for name in names] for key in SCORES}
    return {
        "scores": {name: {key: spread([one[key] for one in of]) for key in SCORES} for name, of in runs.items()},
        "order": {key: [names[i] for i in np.argsort(np.negative(of), kind="stable")] for key, of in good.items()},
        "tau": {key: float(kendalltau(of, good["accuracy"])[0]) for key, of in good.items()},
        "pairs": {f"{a} less {b}": differences(runs[a], runs[b]) for a, b in [PAIR] if {a, b} <= set(names)},
    }


def differences(first: list[Found], second: list[Found]) -> Found:
    """Return by how much the scores of one generator are above those of another, paired by seed."""
    return {key: spread([a[key] - b[key] for a, b in zip(first, second, strict=True)]) for key in SCORES}


def spread(values: Sequence[float]) -> list[float]:
    """Return the mean over seeds with its interval; of a single seed the value alone."""
    return interval(values) if len(values) > 1 else [values[0]] * 3


def page(document: Found) -> Page:
    """Return the table, the orders, the comparison of GAN and diffusion, and the picture."""
    found, seeds = document["summary"], document["seeds"]
    names = [FRESH, *found["order"]["accuracy"]]
    lines = [[name, *said(found["scores"][name], seeds, score)] for name in names]
    orders = [[SCORES[key], ", ".join(of), score(found["tau"][key], 2)] for key, of in found["order"].items()]
    pairs = [[pair, *said(of, seeds, signed)] for pair, of in found["pairs"].items()]
    text = [
        markdown(["generator", *SCORES.values()], lines),
        markdown(["score", "order of the generators, best first", "Kendall's tau with the accuracy"], orders),
        *([markdown(["difference", *SCORES.values()], pairs)] if pairs else []),
    ]
    return Page("\n\n".join(text) + "\n", [picture(found, names, seeds)])


def said(of: Found, seeds: int, write: Callable[..., str]) -> list[str]:
    """Return the scores in words, with intervals where there are seeds enough."""
    return [between(of[key], 3, write) if seeds > 1 else write(of[key][0], 3) for key in SCORES]


def picture(found: Found, names: list[str], seeds: int) -> Chart:
    """Return the picture: a line for each generator, in the order of the judge."""
    of = found["scores"]
    shown: Mapping[str, tuple[str, ...]] = {
        "Fréchet": ("Fréchet distance",),
        "alpha": ("alpha-precision",),
        "beta": ("beta-recall",),
        "authenticity": ("authenticity less", "that of fresh digits"),
        "accuracy": ("accuracy of who", "learnt from them"),
    }
    return forest(
        "Generators of digits, by scores and by what their pictures teach",
        [Arm(name, "control" if name == FRESH else "") for name in names],
        [Panel(head, [Point(*of[name][key]) for name in names], of[FRESH][key][0]) for key, head in shown.items()],
        label="Fréchet distance, alpha-precision, beta-recall, authenticity and taught accuracy of picture generators.",
        note=f"Sorted by accuracy. Dots: mean over {seeds} seeds, lines: 95 % intervals; dotted: fresh real digits."
        if seeds > 1
        else "Sorted by accuracy; one seed; dotted: fresh real digits.",
    )


def arms(quick: bool) -> dict[str, Settings]:
    """Return the generators, and fresh digits as the measure of what is possible."""
    parameters = TINY if quick else {}
    return {
        FRESH: {"generator": FRESH},
        **{name: {"generator": name, "parameters": parameters} for name in ARMS},
    }


STUDY = Study(
    name="picture_ranking", source=digits, arms=arms, arena=arena, measure=run, summary=summary, page=page
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
