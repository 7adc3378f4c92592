"""Experiment 1: which scores put generators in the order of their use?

Each generator learns the same real rows. Its rows teach a logistic regression (and boosted trees) that is tested on
real rows which nobody has seen: the area under its curve is the truth. A score is good when it orders the generators
as that truth does, without training any model for the task. Alaa et al. claim that integrated alpha-precision and
beta-recall do so, and that Fréchet distance, precision and recall do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from entrants import LEARNERS, WGAN_GP, fitted, sized, taught
from figures import between, correlation, interval, markdown
from pictures import Arm, Panel, Point, forest
from real import covid, parts
from study import Found, Page, Runs, Settings, Study

from fidelia.generate.sampling import joined
from fidelia.measure.case import Case
from fidelia.measure.catalog import entries, measure
from fidelia.measure.generations.sets import sibling
from fidelia.measure.result import Direction
from fidelia.measure.statistics.ranks import kendall, spearman
from fidelia.report.notation import score, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.report.charts import Chart
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

ROWS = 3_000
"""Of train and of the holdout; models are tested on all others."""
STEPS = {"steps": 1_500}
"""GANs need more than others, and cannot have enough here."""
ARMS: Mapping[str, Settings] = {
    "VAE": {"generator": "vae", "parameters": {"ordered": False}},
    "GAN": {"generator": "gan", "parameters": {**STEPS, "candidates": 1, "penalty": 0.0}},
    "WGAN-GP": {"generator": "gan", "parameters": {**STEPS, **WGAN_GP}},
    "ADS-GAN": {"generator": "gan", "parameters": {**STEPS, **WGAN_GP, "identifiability": 1.0}},
    "vae": {"generator": "vae"},
    "diffusion": {"generator": "diffusion", "parameters": {"steps": 600}},
    "trees": {"generator": "trees"},
    "chowliu": {"generator": "chowliu"},
    "copula": {"generator": "copula"},
    "marginals": {"generator": "marginals"},
}
FOUR = ("VAE", "GAN", "WGAN-GP", "ADS-GAN")
"""The kinds that the paper compares; in small letters fidelia's own."""
CODES = (
    "FID16", "DIV01", "AUT01", "AUT02", "FID17", "DIV02", "FID18", "DIV03", "FID19", "DIV04", "FID15", "FID20", "DIV05",
    "FID21", "DIV06", "FID12", "FID26", "FID39", "DIV19", "FID01", "FID02", "FID10",
)  # fmt: skip


SHOWN = {"FID16": "IP", "DIV01": "IR", "AUT01": "A", "FID15": "Fréchet", "FID20": "precision", "DIV05": "recall"}


class Metric(NamedTuple):
    """A sum of scores, each turned so that more is better; `own` is said of those that fidelia calls E."""

    name: str
    codes: tuple[str, ...]
    own: bool = False


IP_IR = "IP + IR (FID16 + DIV01)"
RIVALS = ("Fréchet distance (FID15)", "precision (FID20)", "recall (DIV05)")
METRICS = (
    Metric(IP_IR, ("FID16", "DIV01"), True),
    Metric("IP, alpha-precision (FID16)", ("FID16",), True),
    Metric("IR, beta-recall (DIV01)", ("DIV01",), True),
    Metric("A, authenticity (AUT01)", ("AUT01",), True),
    Metric("IP + IR + A", ("FID16", "DIV01", "AUT01"), True),
    Metric("IP + IR - distance of A to fresh rows'", ("FID16", "DIV01", "AUT02"), True),
    Metric("IP + IR, one ball (FID17 + DIV02)", ("FID17", "DIV02")),
    Metric("IP + IR, repository (FID18 + DIV03)", ("FID18", "DIV03")),
    Metric("IP + IR, synthcity (FID19 + DIV04)", ("FID19", "DIV04")),
    Metric("composites (FID39 + DIV19)", ("FID39", "DIV19"), True),
    Metric(RIVALS[0], ("FID15",)),
    Metric(RIVALS[1], ("FID20",)),
    Metric(RIVALS[2], ("DIV05",)),
    Metric("precision + recall", ("FID20", "DIV05")),
    Metric("density (FID21)", ("FID21",)),
    Metric("coverage (DIV06)", ("DIV06",)),
    Metric("MMD (FID12)", ("FID12",)),
    Metric("two-sample classifier (FID26)", ("FID26",)),
    Metric("column shapes (FID01 + FID02)", ("FID01", "FID02")),
    Metric("pair trends (FID10)", ("FID10",)),
)
CEILING = "*the truth of the other seeds*"
TARGETS = {Direction.HALF: 0.5, Direction.ZERO: 0.0, Direction.ONE: 1.0}


@dataclass(frozen=True, slots=True)
class Arena:
    """What the generators of one seed share.

    Parameters
    ----------
    train : Table
    case : Case
        With fresh real rows in the place of synthetic ones.
    test : Table
        Every real row that no generator saw.
    """

    train: Table
    case: Case
    test: Table


def arena(table: Table, rng: Rng, quick: bool) -> Arena:
    """Split the real table: rows to learn, rows to measure with, and with these all others to test with."""
    train, holdout, rest = parts(table, (300 if quick else ROWS,) * 2, rng.child("parts"))
    return Arena(train, Case(train, holdout, holdout, rng.child("measure")), joined([holdout, rest]))


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Fit, draw as many rows as were learnt, and return what they are worth and what the scores say of them."""
    synthetic = fitted(arena.train, settings, seed).sample_table(len(arena.train), seed=seed)
    case = sibling(arena.case, synthetic)
    worth = taught(arena.train, synthetic, arena.test, case)
    results, _ = measure(case, CODES)
    return {
        "worth": {name: {side: of.value for side, of in pair.items()} for name, pair in worth.items()},
        "scores": {result.code: result.value for result in results},
    }


def goodness(code: str, value: float) -> float:
    """Return a score so that more is better; what has a target, by how near it comes.

    Authenticity counts as the paper adds it, the more the better; beside fresh rows it is AUT02.
    """
    direction = entries()[code].direction
    if direction in TARGETS:
        return -abs(value - TARGETS[direction])
    return -value if direction is Direction.LOWER else value


def scores_of(runs: Runs, metric: Metric) -> Floats:
    """Return a metric of each generator, ``(seeds, generators)``."""
    by_arm = [[sum(goodness(code, one["scores"][code]) for code in metric.codes) for one in of] for of in runs.values()]
    return np.array(by_arm).T


def summary(runs: Runs) -> Found:
    """Return what the rows of each generator are worth, how each metric agrees with that, and the paper's rule."""
    truth = {name: np.array([[one["worth"][name]["synthetic"] for one in of] for of in runs.values()]).T
             for name in LEARNERS}  # fmt: skip
    scored = {metric.name: scores_of(runs, metric) for metric in METRICS}
    taus = {name: kendall(of, truth["logistic"]) for name, of in scored.items()}
    return {
        "worth": {name: worth(of) for name, of in runs.items()},
        "scores": {
            name: {code: interval([one["scores"][code] for one in of]) for code in SHOWN} for name, of in runs.items()
        },
        "agreement": {name: agreement(list(runs), of, truth) for name, of in scored.items()}
        | {CEILING: agreement(list(runs), of_others(truth["logistic"]), truth)},
        "rule": {rival: interval(taus[IP_IR] - taus[rival]) for rival in RIVALS},
    }


def worth(of: list[Found]) -> Found:
    """Return what models score that learnt from the rows of one generator, and from train rows."""
    return {f"{name}, {side}": interval([one["worth"][name][side] for one in of])
            for name in LEARNERS for side in ("synthetic", "train")}  # fmt: skip


def agreement(names: list[str], scores: Floats, truth: Mapping[str, Floats]) -> Found:
    """Return how alike scores and truths, ``(seeds, generators)``, order generators: means over seeds."""
    four = [i for i, name in enumerate(names) if name in FOUR]
    return {
        "tau": correlation(kendall(scores, truth["logistic"])),
        "rho": correlation(spearman(scores, truth["logistic"])),
        "tau of means": float(kendall(scores.mean(0), truth["logistic"].mean(0))),
        "tau, boosted": correlation(kendall(scores, truth["boosted"])),
        "tau, four": correlation(kendall(scores[:, four], truth["logistic"][:, four])),
    }


def of_others(truth: Floats) -> Floats:
    """Return for each seed the mean over all others: about as much as a score can know of the order."""
    return np.asarray((truth.sum(0) - truth) / (len(truth) - 1))


def page(document: Found) -> Page:
    """Return two tables, the rule, and the picture."""
    found = document["summary"]
    shown = sorted(found["agreement"].items(), key=lambda item: -item[1]["tau"][0])
    heads = ["score", "Kendall's tau", "tau of means", "Spearman's rho", "tau, boosted trees", "tau, the paper's four"]
    text = [
        markdown(["learnt from the rows of", "logistic regression", "boosted trees", *SHOWN.values()], worths(found)),
        markdown(heads, [agreed(name, of) for name, of in shown]),
        "\n".join(ruled(rival, difference) for rival, difference in found["rule"].items()),
    ]
    return Page("\n\n".join(text) + "\n", [drawn(shown, document["seeds"])])


def worths(found: Found) -> list[list[str]]:
    """Return the lines of real rows and of generators, most useful first, with a few of their scores."""
    order = sorted(found["worth"], key=lambda name: -found["worth"][name]["logistic, synthetic"][0])
    real = found["worth"][order[0]]
    lines = [["*train rows*", *(between(real[f"{learner}, train"]) for learner in LEARNERS), *[""] * len(SHOWN)]]
    for name in order:
        use = [between(found["worth"][name][f"{learner}, synthetic"]) for learner in LEARNERS]
        lines.append([name, *use, *(between(found["scores"][name][code]) for code in SHOWN)])
    return lines


def agreed(name: str, of: Found) -> list[str]:
    """Return the line of a score."""
    means = "" if name == CEILING else score(of["tau of means"], 2)
    return [name, between(of["tau"], 2), means, *(between(of[key], 2) for key in ("rho", "tau, boosted", "tau, four"))]


def ruled(rival: str, difference: list[float]) -> str:
    """Return in words whether IP + IR orders generators at least as well as a rival."""
    verdict = "at least as good" if difference[0] >= 0 else "not as good"
    sure = "no difference is proven" if difference[1] <= 0 <= difference[2] else "the interval excludes 0"
    return f"* {IP_IR} beside {rival}: difference of tau {between(difference, 2, signed)}: {verdict}; {sure}."


def drawn(shown: list[tuple[str, Found]], seeds: int) -> Chart:
    """Return the picture: how well each score orders generators."""
    own = {metric.name for metric in METRICS if metric.own}
    lines = [Arm(name.strip("*"), "" if name in own else "control") for name, _ in shown]
    heads = {
        "tau": ("by logistic regression",),
        "tau, boosted": ("by boosted trees",),
        "tau, four": ("the paper's four kinds,", "by logistic regression"),
    }
    return forest(
        "Which scores put generators in the order of their use?",
        lines,
        [Panel(head, [Point(*of[key]) for _, of in shown], 0.0) for key, head in heads.items()],
        label="How well each score's order of generators agrees with the order by use, with intervals over seeds.",
        note=f"Kendall's tau: mean and 95 % interval over {seeds} seeds. 1: the same order; dotted, 0: no relation. "
        "Blue: alpha, beta, authenticity and composites.",
    )


STUDY = Study(
    name="ranking",
    source=covid,
    arms=lambda quick: {name: sized(settings, quick) for name, settings in ARMS.items()},
    arena=arena,
    measure=run,
    summary=summary,
    page=page,
)

if __name__ == "__main__":
    STUDY.main()
