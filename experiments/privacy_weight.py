"""Experiment 1b: what does the weight of ADS-GAN's penalty buy, and what does it cost?

An ADS-GAN adds to its loss a penalty on rows that come nearer to a real row than that row's own nearest neighbour.
Alaa et al. claim that a larger weight (lambda) gives more authenticity and less alpha-precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from entrants import WGAN_GP, fitted, sized, taught
from figures import between, correlation, interval, markdown
from pictures import Arm, Panel, Point, forest
from ranking import Arena, arena
from real import covid
from study import Found, Page, Runs, Settings, Study

from fidelia.measure.catalog import measure
from fidelia.measure.generations.sets import sibling
from fidelia.measure.statistics.ranks import spearman
from fidelia.report.notation import signed

if TYPE_CHECKING:
    from fidelia.report.charts import Chart

WEIGHTS = (0.0, 0.05, 0.135, 0.368, 1.0, 2.718, 7.389)
"""None, and powers of e up to e^2, within the grid of the paper's repository."""
CODES = ("FID16", "DIV01", "AUT02", "FID20", "FID26")
SHOWN = {
    "AUT02": "A - fresh rows' A",
    "one-sided IP": "one-sided alpha-precision",
    "FID16": "alpha-precision",
    "DIV01": "beta-recall",
    "logistic": "logistic regression",
}
LEAST = 0.7
"""The rank correlation from which a trend counts as monotone."""


def run(arena: Arena, settings: Settings, seed: int) -> Found:
    """Fit an ADS-GAN and return what its rows score."""
    synthetic = fitted(arena.train, settings, seed).sample_table(len(arena.train), seed=seed)
    case = sibling(arena.case, synthetic)
    results, _ = measure(case, CODES)
    found = {result.code: result.value for result in results}
    one_sided = next(result.breakdown["one_sided"] for result in results if result.code == "FID16")
    worth = taught(arena.train, synthetic, arena.test, case)
    return {**found, "one-sided IP": one_sided, "logistic": worth["logistic"]["synthetic"].value}


def summary(runs: Runs) -> Found:
    """Return each measure by weight, and how monotone it is in the weight: within seeds, and of the means."""
    keys = (*CODES, "one-sided IP", "logistic")
    values = {key: np.array([[one[key] for one in of] for of in runs.values()]).T for key in keys}
    order = np.arange(len(runs), dtype=np.float64)
    return {
        "weights": {name: {key: interval(of[:, i]) for key, of in values.items()} for i, name in enumerate(runs)},
        "rho": {key: correlation(spearman(of, np.broadcast_to(order, of.shape))) for key, of in values.items()},
        "rho of means": {key: float(spearman(of.mean(0), order)) for key, of in values.items()},
    }


def page(document: Found) -> Page:
    """Return a table by weight, the trends in words, and the picture."""
    found = document["summary"]
    lines = [[name, *(between(of[key]) for key in SHOWN)] for name, of in found["weights"].items()]
    lines.append(["*Spearman's rho*", *(between(found["rho"][key], 2, signed) for key in SHOWN)])
    text = [
        markdown(["lambda", *SHOWN.values()], lines),
        trend("Authenticity rises", found, "AUT02", 1) + "\n" + trend("Precision falls", found, "one-sided IP", -1),
    ]
    return Page("\n\n".join(text) + "\n", [drawn(found, document["seeds"])])


def trend(claim: str, found: Found, key: str, way: int) -> str:
    """Return in words whether a measure goes that way with the weight."""
    rho = found["rho"][key]
    holds = "yes" if way * rho[0] >= LEAST else "no"
    means = f"of the means over seeds {signed(found['rho of means'][key], 2)}"
    return f"* {claim} with lambda ({SHOWN[key]}): {holds}; rho within seeds {between(rho, 2, signed)}, {means}."


def drawn(found: Found, seeds: int) -> Chart:
    """Return the picture: a line per weight, a panel per measure."""
    fresh = {"AUT02": 0.0, "one-sided IP": 1.0}
    heads = {
        "AUT02": ("authenticity less", "that of fresh rows"),
        "one-sided IP": ("one-sided", "alpha-precision"),
        "DIV01": ("beta-recall",),
        "logistic": ("AUC of logistic", "regression"),
    }
    of = found["weights"]
    return forest(
        "ADS-GAN: what a larger weight of the identifiability penalty buys and costs",
        [Arm(name) for name in of],
        [Panel(head, [Point(*of[name][key]) for name in of], fresh.get(key)) for key, head in heads.items()],
        label="Authenticity, alpha-precision, beta-recall and usefulness of an ADS-GAN over the weight of its penalty.",
        note=f"Dots: mean over {seeds} seeds, lines: 95 % intervals; dotted: fresh real rows.",
    )


def arms(quick: bool) -> dict[str, Settings]:
    """Return an ADS-GAN for each weight; without weight a WGAN-GP."""
    gans = {f"{w:g}": {"generator": "gan", "parameters": {**WGAN_GP, "identifiability": w}} for w in WEIGHTS}
    return {name: sized(settings, quick) for name, settings in gans.items()}


STUDY = Study(
    name="privacy_weight", source=covid, arms=arms, arena=arena, measure=run, summary=summary, page=page
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
