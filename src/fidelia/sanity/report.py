"""What a self-test says: verdicts beside the published ones, and fidelia's own requirements, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fidelia.progress import SILENT, Progress
from fidelia.sanity.checks import CHECKS
from fidelia.sanity.published import DIVERSITY, FIDELITY, published
from fidelia.sanity.suite import Scores, passes, table

if TYPE_CHECKING:
    from fidelia.rng import Rng
    from fidelia.sanity.requirements import Outcome
    from fidelia.sanity.subjects import Subject


def subjects_of(wanted: Iterable[str] | None) -> list[Subject]:
    """Return what is tested: the shipped subjects, those that give a named score, or any metric of the catalog."""
    from fidelia.measure.catalog import find
    from fidelia.sanity.subjects import SUBJECTS, of_entry

    if not wanted:
        return list(SUBJECTS)
    found: dict[str, Subject] = {}
    for word in wanted:
        known = [s for s in SUBJECTS if word.lower() == s.name or word.upper() in {n.upper() for n in s.gives}]
        for subject in known or [of_entry(find(word))]:
            found[subject.name] = subject
    return list(found.values())


def requirements(rng: Rng, *, quick: bool, progress: Progress = SILENT) -> list[Outcome]:
    """Run fidelia's own requirements."""
    from fidelia.sanity.requirements import REQUIREMENTS

    found = []
    with progress.stage("requirements", len(REQUIREMENTS)) as tick:
        for requirement in REQUIREMENTS:
            found.append(requirement(rng, quick))
            tick(1)
    return found


def document(scores: Scores, subjects: Sequence[Subject], own: Iterable[Outcome]) -> dict[str, Any]:
    """Return a self-test as JSON values; cells that are not complete are ``"."``."""
    found = table(scores, subjects)
    kinds = {name: kind for subject in subjects for name, kind in subject.gives.items()}
    stored, plan = published(), scores.plan
    beside = {"fidelity": FIDELITY, "diversity": DIVERSITY}
    return {
        "plan": f"{plan.rows:,} rows, at most {plan.points} settings, sizes to {plan.largest:,}, {plan.repeats} draws",
        "checks": {check.name: check.title for check in CHECKS},
        "metrics": {
            name: {
                "kind": kinds[name],
                "cells": {c: {cell: v or "." for cell, v in cells.items()} for c, cells in verdicts.items()},
                "passes": passes(verdicts),
            }
            for name, verdicts in found.items()
        },
        "published": {kind: {name: stored[name] for name in names} for kind, names in beside.items()},
        "published_passes": {
            kind: {name: passes(stored[name]) for name in names}  # type: ignore[arg-type]
            for kind, names in beside.items()
        },
        "requirements": [outcome.to_dict() for outcome in own],
    }
