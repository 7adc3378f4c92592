"""Laws that tables are drawn from, faults that are planted in them, and how well an audit finds those."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fidelia.auditing.audit import audit
from fidelia.auditing.audited import Audited
from fidelia.data.align import align
from fidelia.data.read import read
from fidelia.measure.case import Case
from fidelia.rng import Rng

ROWS, WIDTH = 2_000, 8


def gauss(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Eight independent normal columns."""
    drawn = np.random.default_rng(seed).normal(size=(rows, WIDTH))
    return pd.DataFrame(drawn, columns=[f"x{i}" for i in range(WIDTH)])


def mixed(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """People: impossible pairs (a Husband is Male), two numbers that go together, a heavy tail, a spike at zero."""
    r = np.random.default_rng(seed)
    sex = np.where(r.random(rows) < 0.5, "Female", "Male")
    single = r.choice(["Single", "Child", "Other"], rows, p=[0.6, 0.3, 0.1])
    role = np.where(r.random(rows) < 0.45, np.where(sex == "Male", "Husband", "Wife"), single)
    age = np.clip(np.where(role == "Child", r.normal(20, 3, rows), r.normal(42, 12, rows)), 17, 90).round()
    school = r.choice(12, rows, p=np.array([1, 2, 3, 4, 5, 20, 15, 12, 6, 4, 2, 1]) / 75)
    x = r.normal(size=rows)
    share = 1 / np.arange(1, 16)
    return pd.DataFrame(
        {
            "sex": sex,
            "role": role,
            "age": age,
            "school": [f"s{level}" for level in school],
            "x": x,
            "y": 0.95 * x + 0.3 * r.normal(size=rows),
            "income": np.exp(r.normal(10 + 0.1 * school + 0.01 * age, 0.5)),
            "gain": np.where(r.random(rows) < 0.8, 0.0, np.exp(r.normal(7, 1, rows)).round()),
            "job": r.choice([f"j{i}" for i in range(15)], rows, p=share / share.sum()),
            "label": np.where(x + 0.05 * (age - 40) + r.normal(size=rows) > 0, "yes", "no"),
        }
    )


def judged(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, **how: object) -> Audited:
    return audit(case(train, synthetic, holdout), **how)


def case(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None) -> Case:
    real = read(train, target="label" if "label" in train else None)
    others = [None if f is None else align(read(f), real, "other") for f in (synthetic, holdout)]
    return Case(real, others[0], others[1], Rng(0))


def noisy_copies(train: pd.DataFrame, rows: int, noise: float, seed: int) -> pd.DataFrame:
    """The first train rows, their continuous numbers moved by `noise` standard deviations, all else as it is."""
    r, copies = np.random.default_rng(seed), train.head(rows).copy()
    for name in ("x", "y", "income", *(f"x{i}" for i in range(WIDTH))):
        if name in copies:
            copies[name] += noise * train[name].std() * r.normal(size=rows)
    return copies


def planted(fresh: pd.DataFrame, strange: pd.DataFrame) -> pd.DataFrame:
    """Put strange rows in the place of the first fresh ones."""
    return pd.concat([strange, fresh.iloc[len(strange) :]], ignore_index=True)


def found(audited: Audited, rows: int) -> tuple[float, float]:
    """Power among the first rows, which were planted, and the share of false discoveries."""
    flagged = ~audited.accepted
    return float(flagged[:rows].mean()), float(flagged[rows:].sum() / max(flagged.sum(), 1))
