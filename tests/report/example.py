"""A full, plausible results document in the shape of adult, and variations of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = {
    "age": (38.6, 13.6, 17, 70),
    "fnlwgt": (190_000, 100_000, 27_000, 510_000),
    "education-num": (10, 2.6, 3, 16),
    "capital-gain": (900, 4_000, 0, 15_000),
    "capital-loss": (80, 400, 0, 2_000),
    "hours-per-week": (40, 12, 8, 80),
}
CATEGORIES = {
    "workclass": ["Private", "Self-emp-not-inc", "Local-gov", "(missing)", "State-gov", "Self-emp-inc", "Federal-gov"],
    "education": [
        "HS-grad",
        "Some-college",
        "Bachelors",
        "Masters",
        "Assoc-voc",
        "11th",
        "Assoc-acdm",
        "10th",
        "7th-8th",
        "Prof-school",
        "9th",
        "12th",
        "Doctorate",
        "5th-6th",
        "1st-4th",
        "Preschool",
    ],
    "marital-status": ["Married-civ-spouse", "Never-married", "Divorced", "Separated", "Widowed", "(rare)"],
    "occupation": [
        "Prof-specialty",
        "Craft-repair",
        "Exec-managerial",
        "Adm-clerical",
        "Sales",
        "Other-service",
        "Machine-op-inspct",
        "(missing)",
        "Transport-moving",
        "Handlers-cleaners",
        "Farming-fishing",
        "Tech-support",
        "Protective-serv",
        "Priv-house-serv",
    ],
    "relationship": ["Husband", "Not-in-family", "Own-child", "Unmarried", "Wife", "Other-relative"],
    "race": ["White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other"],
    "sex": ["Male", "Female"],
    "native-country": [
        "United-States",
        "Mexico",
        "(missing)",
        "Philippines",
        "Germany",
        "Puerto-Rico",
        "Canada",
        "India",
        "(rare)",
        "(other)",
    ],
    "income": ["<=50K", ">50K"],
}
ORDER = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]


def example(seed: int = 0) -> dict[str, Any]:
    """Return a document with every breakdown and an audit."""
    rng = np.random.default_rng(seed)
    return {
        "format": 1,
        "fidelia": "0.1.0",
        "edition": "shareable",
        "seed": 0,
        "embedding": {"name": "tabular", "version": "1", "hash": "9f2c41d07be3a8f0", "width": 93},
        "inputs": {
            "train": {"rows": 39073, "columns": 15, "sha256": "a1" * 32},
            "synthetic": {"rows": 39073, "columns": 15, "sha256": "b2" * 32},
            "holdout": {"rows": 9769, "columns": 15, "sha256": "c3" * 32},
            "generator": {"name": "trees", "seed": 0},
            "target": "income",
        },
        "verdict": verdict(),
        "results": results(rng),
        "findings": findings(),
        "race": race(),
        "audit": audit(rng),
        "curation": curation(),
        "not_computed": [{"code": "STB01", "reason": "NEEDS_MANY_SETS: one synthetic table was given"}],
        "schema": [meaning(name) for name in ORDER],
        "versions": {"python": "3.11.7", "numpy": "2.4.6", "scikit-learn": "1.9.1", "pyarrow": "26.0.1"},
    }


def race() -> dict[str, Any]:
    def entrant(name: str, status: str, why: str, auc: float, copied: float = 0.5) -> dict[str, Any]:
        loss = round((2 * auc - 1) / 4, 4)
        marks = [
            {"code": code, "value": value, "reference": fresh, "interval": [value - 0.01, value + 0.01],
             "loss": lost, "sd": 0.01}
            for code, value, fresh, lost in (("FID26", auc, 0.5, 2 * auc - 1), ("DIV01", 0.98, 0.98, 0.0))
        ]  # fmt: skip
        gate = {
            "code": "PRV02",
            "value": copied,
            "reference": 0.5,
            "interval": [copied - 0.01, copied + 0.01],
            "passed": copied < 0.53,
            "leak": (copied - 0.5) / 0.03,
            "said": "Rows lie closer to training rows",
        }
        seconds = {"fit_seconds": 8.1, "sample_seconds": 0.2}
        first = {"name": name, "status": status, "why": why, "place": None, "loss": loss, "sd": 0.005}
        return first | {"marks": marks, "gates": [gate]} | seconds

    lines = [
        entrant("trees", "won", "the smallest mean loss", 0.55) | {"place": 1},
        entrant("marginals", "lost", "loses 0.220 more than the best", 0.99) | {"place": 2},
        entrant("noisy-copy", "leaked", "rows lie closer to training rows than to unseen rows", 0.52, 0.81),
        {"name": "diffusion", "status": "skipped", "why": "needs 60 s at least; 12 s were left for it"},
        {"name": "gan", "status": "failed", "why": "the training diverged"},
    ]
    rows = {"fit": 34_073, "select": 5_000, "scored": 10_000, "all": 39_073}
    return {"winner": "trees", "lines": lines, "rows": rows, "splits": 1, "limit": 0.03, "seconds": 120.0,
            "reproducible": False, "refit": None}  # fmt: skip


def curation() -> dict[str, Any]:
    def change(code: str, name: str, group: str | None, before: float, after: float, said: str) -> dict[str, Any]:
        gap = round(after - before, 4)
        ends = {"difference": gap, "interval": [gap - 0.02, gap + 0.02]}
        return {"code": code, "name": name, "group": group, "before": before, "after": after, "reference": 0.5,
                "said": said, "short": False, **ends}  # fmt: skip

    return {
        "take": "curated",
        "verdict": "Take the curated rows: they are nearer to real rows, and no score is worse beyond noise.",
        "rows": 39_073,
        "kept": 0.61,
        "rejected": 0.031,
        "stopped": "all rows wanted were found",
        "limit": 0.3,
        "reasons": [
            {"code": "OOD", "rows": 1_966, "text": "farther from the real rows than fresh real rows are"},
            {"code": "CONSTRAINT", "rows": 20, "text": "breaks a rule that every real row keeps"},
        ],
        "rounds": [
            {"drawn": 10_000, "kept": 6_120, "rejected": 310, "reasons": {"OOD": 290, "CONSTRAINT": 20}},
            {"drawn": 54_055, "kept": 32_953, "rejected": 1_676, "reasons": {"OOD": 1_676}},
        ],
        "groups": [{"name": "income=>50K", "drawn": 15_000, "rejected": 700}],
        "odds": {"auc": 0.71, "differ": True, "clip": 1.6},
        "changes": [
            change("FID26", "two-sample AUC", None, 0.71, 0.57, "better"),
            change("DIV01", "beta-recall", None, 0.975, 0.971, "same"),
            change("SHARE", "share of the rows", "income=>50K", 0.21, 0.24, "better"),
        ],
        "notes": ["No privacy guarantee of the generator covers the choice."],
        "provenance": {"method": "odds", "seed": 0},
    }


def meaning(name: str) -> dict[str, Any]:
    role = "target" if name == "income" else "feature"
    kind, why = ("integer", "whole numbers") if name in NUMBERS else ("category", "few levels")
    nullable = "(missing)" in CATEGORIES.get(name, [])
    return {"name": name, "kind": kind, "role": role, "nullable": nullable, "reason": why}


def verdict() -> dict[str, Any]:
    return {
        "level": "attention",
        "headline": "Close to fresh real data, with two columns and one group of rows to look at",
        "sentences": [
            "Synthetic rows lie where real rows lie; recall is slightly short in the tails of capital-gain.",
            "A model trained on synthetic rows predicts income as well as one trained on real rows, within 0.006 AUC.",
            "Nothing suggests that training rows were copied beyond what unseen real rows show.",
        ],
    }


def finding(code: str, severity: str, title: str, sentence: str, *numbers: float | None, anchor: str | None = None):
    value, reference = numbers or (None, None)
    return {
        "code": code,
        "severity": severity,
        "title": title,
        "sentence": sentence,
        "value": value,
        "reference": reference,
        "anchor": anchor,
    }


def findings() -> list[dict[str, Any]]:
    return [
        finding(
            "AUT05",
            "good",
            "No excess of identical rows",
            "23 synthetic rows equal a training row; among as many unseen real rows 27 do.",
            0.0006,
            0.0007,
            anchor="AUT05",
        ),
        finding(
            "FID01",
            "fail",
            "capital-gain has lost its upper end",
            "Values above 15,000 make 0.9 % of real rows and 0.3 % of synthetic rows.",
            0.951,
            0.991,
            anchor="columns",
        ),
        finding(
            "DIV01",
            "warning",
            "Beta-recall is below fresh real data",
            "1.8 % of real rows lie where hardly any synthetic row lies, mostly with capital gains.",
            0.955,
            0.981,
            anchor="DIV01",
        ),
        finding(
            "OOD",
            "info",
            "A few rows look unlike anything real",
            "112 of 39,073 rows lie farther out than fresh real rows do.",
            0.0029,
            0.0004,
            anchor="rows",
        ),
    ]


def result(
    code: str, value: float | None, interval: Any, reference: Any, direction: str, **more: Any
) -> dict[str, Any]:
    category = {
        "FID": "fidelity",
        "DIV": "diversity",
        "AUT": "authenticity",
        "UTL": "utility",
        "PRV": "privacy",
        "CMP": "completeness",
    }[code[:3]]
    beside = None if reference is None else {"value": reference[0], "sd": reference[1], "n": 9769, "kind": "holdout"}
    n = {"train": 39073, "synthetic": 9769, "holdout": 9769}
    caveats = [{"code": c, "text": t} for c, t in more.pop("caveats", [])]
    return {
        "code": code,
        "name": code.lower(),
        "category": category,
        "value": value,
        "interval": interval,
        "reference": beside,
        "direction": direction,
        "n": n,
        "caveats": caveats,
        "breakdown": more,
    }


def results(rng: np.random.Generator) -> list[dict[str, Any]]:
    weak = (
        "NOT_PRIVACY_EVIDENCE",
        "Distances to the closest record can show a leak; passing is not evidence of privacy.",
    )
    return [
        result("FID16", 0.9743, [0.968, 0.981], (0.981, 0.004), "higher", **curves(rng, -0.02, "P_1")),
        result("FID17", 0.978, [0.970, 0.986], (0.984, 0.004), "higher", **curves(rng, -0.01, "P_1")),
        result("DIV01", 0.9552, [0.948, 0.962], (0.981, 0.004), "higher", **curves(rng, -0.07, "R_1")),
        result("DIV02", 0.966, [0.958, 0.974], (0.983, 0.004), "higher", **curves(rng, -0.05, "R_1")),
        result("FID01", 0.982, [0.979, 0.985], (0.988, 0.002), "higher", columns=numbers(rng)),
        result("FID02", 0.989, [0.987, 0.991], (0.990, 0.002), "higher", columns=categories(rng)),
        result("FID10", 0.967, [0.964, 0.970], (0.972, 0.002), "higher", **pairs(rng)),
        result("FID26", 0.528, [0.520, 0.536], (0.500, 0.006), "target(0.5)", **detection(rng)),
        result("UTL01", 0.991, [0.982, 1.000], (1.0, 0.005), "higher", **utility(rng)),
        result(
            "AUT01",
            0.489,
            [0.479, 0.499],
            (0.495, 0.005),
            "higher",
            ratio=ratio(rng),
            full=0.487,
            ties=0.012,
            caveats=[("TIES", "1.2 % of distances are tied.")],
        ),
        result(
            "AUT02",
            -0.006,
            [-0.020, 0.008],
            (0.0, 0.007),
            "target(0)",
            synthetic=0.489,
            holdout=0.495,
            copy_rate=0.012,
            copy_rate_interval=[0.0, 0.031],
        ),
        result(
            "AUT05", 0.0006, [0.0004, 0.0009], (0.0007, 0.0002), "reference", synthetic=0.0006, holdout=0.0007, rows=23
        ),
        result(
            "PRV02",
            0.506,
            [0.496, 0.516],
            (0.5, 0.005),
            "target(0.5)",
            ties=0.02,
            closer_to_train=0.496,
            closer_to_holdout=0.484,
            caveats=[weak],
        ),
        result("CMP02", 0.0011, [0.0008, 0.0014], (0.0009, 0.0003), "target(0)", columns=missing()),
        result("CMP03", 0.0012, [0.0, 0.005], (0.005, 0.002), "lower", patterns=patterns()),
    ]


def curves(rng: np.random.Generator, bend: float, end: str) -> dict[str, Any]:
    level = np.linspace(0, 1, 101)
    bump = 4 * level * (1 - level)
    reference = level + 0.004 * bump
    synthetic = np.clip(level + bend * bump + 0.004 * rng.standard_normal(101) * bump, 0, 1)
    low, high = reference - 0.018 * np.sqrt(bump), reference + 0.018 * np.sqrt(bump)
    curve = {
        "level": level,
        "synthetic": synthetic,
        "reference": reference,
        "low": low.clip(0),
        "high": high.clip(max=1),
    }
    shown = {name: [round(float(v), 5) for v in values] for name, values in curve.items()}
    return {
        "estimator": "level set, k=5",
        "curve": shown,
        "S_plus": 0.004,
        "S_minus": round(-bend, 3),
        end: 0.998,
        "one_sided": 0.982,
        "p_value": 0.0004,
        "full": 0.976,
    }


def shares(rng: np.random.Generator, weights: np.ndarray, off: float = 0.02) -> dict[str, list[float]]:
    def near(scale: float) -> list[float]:
        drawn = weights * np.exp(scale * rng.standard_normal(len(weights)))
        return [round(float(v), 5) for v in drawn / drawn.sum()]

    return {"train": near(0), "synthetic": near(off), "holdout": near(0.03)}


def numbers(rng: np.random.Generator) -> list[dict[str, Any]]:
    return [number(rng, name, *law) for name, law in NUMBERS.items()]


def number(rng: np.random.Generator, name: str, mean: float, sd: float, low: float, high: float) -> dict[str, Any]:
    edges = np.linspace(low, high, 25)
    middle = (edges[1:] + edges[:-1]) / 2
    weights = np.exp(-0.5 * ((middle - mean) / sd) ** 2) + 0.002 + (10.0 * (middle < low + 2) if low == 0 else 0)
    off, value = (0.35, 0.951) if name == "capital-gain" else (0.05, round(float(rng.uniform(0.982, 0.992)), 4))
    histogram = {"edges": [round(float(e), 2) for e in edges], **shares(rng, weights, off)}
    return {"column": name, "kind": "integer", "value": value, "reference": 0.989, "sd": 0.002, "histogram": histogram}


def categories(rng: np.random.Generator) -> list[dict[str, Any]]:
    return [category(rng, name, levels) for name, levels in CATEGORIES.items()]


def category(rng: np.random.Generator, name: str, levels: list[str]) -> dict[str, Any]:
    weights = 1 / np.arange(1, len(levels) + 1) ** 1.2
    value = round(float(rng.uniform(0.983, 0.995)), 4)
    bars = {"levels": levels, **shares(rng, weights, 0.06)}
    return {"column": name, "value": value, "reference": 0.99, "sd": 0.002, "bars": bars}


def pairs(rng: np.random.Generator, names: list[str] = ORDER) -> dict[str, Any]:
    n = len(names)

    def square(low: float, high: float, diagonal: float, power: float = 1.0) -> np.ndarray:
        half = low + (high - low) * rng.random((n, n)) ** power
        full = np.triu(half, 1) + np.triu(half, 1).T
        np.fill_diagonal(full, diagonal)
        return full

    real = square(0.0, 0.9, 1.0, 4)
    synthetic = np.clip(real + square(-0.03, 0.02, 0.0), 0, 1)
    score = square(0.93, 0.985, 1.0, 0.5)
    worst = [
        {
            "a": names[i % n],
            "b": names[(i * 2 + 1) % n if i else 3],
            "value": round(0.93 + 0.002 * i, 4),
            "reference": 0.961,
        }
        for i in range(10)
    ]
    matrices = {
        name: np.round(m, 4).tolist() for name, m in (("score", score), ("real", real), ("synthetic", synthetic))
    }
    return {"columns": list(names), **matrices, "worst": worst}


def detection(rng: np.random.Generator) -> dict[str, Any]:
    models = [("gradient boosting", 0.528), ("logistic regression", 0.507), ("nearest neighbours", 0.511)]
    columns = [
        {"column": name, "importance": round(0.014 / (i + 1), 4)}
        for i, name in enumerate(["capital-gain", "fnlwgt", "hours-per-week", "education-num", "age", "occupation"])
    ]
    return {
        "models": [{"model": m, "auc": a, "low": a - 0.008, "high": a + 0.008, "reference": 0.5} for m, a in models],
        "columns": columns,
        "score": 0.944,
    }


def utility(rng: np.random.Generator) -> dict[str, Any]:
    models = [
        ("gradient boosting", 0.928, 0.922),
        ("logistic regression", 0.906, 0.905),
        ("random forest", 0.915, 0.911),
    ]
    shown = [
        {
            "model": m,
            "real": r,
            "synthetic": s,
            "real_interval": [r - 0.006, r + 0.006],
            "synthetic_interval": [s - 0.006, s + 0.006],
            "difference": round(s - r, 4),
            "difference_interval": [round(s - r - 0.003, 4), round(s - r + 0.003, 4)],
        }
        for m, r, s in models
    ]
    weights = [0.19, 0.11, 0.09, 0.06, 0.05, 0.03, 0.02]
    names = ["relationship", "capital-gain", "education-num", "age", "occupation", "hours-per-week", "marital-status"]
    important = [
        {"column": c, "real": w, "synthetic": round(w * float(rng.uniform(0.85, 1.1)), 4)}
        for c, w in zip(names, weights, strict=True)
    ]
    return {"task": "binary", "metric": "auc", "baseline": 0.5, "models": shown, "importances": important}


def ratio(rng: np.random.Generator) -> dict[str, Any]:
    edges = np.linspace(0, 3, 31)
    middle = (edges[1:] + edges[:-1]) / 2
    drawn = shares(rng, np.exp(-0.5 * ((middle - 1) / 0.45) ** 2) + 0.02, 0.06)
    return {"edges": [round(float(e), 2) for e in edges], "synthetic": drawn["synthetic"], "holdout": drawn["holdout"]}


def missing() -> list[dict[str, Any]]:
    known = {"workclass": 0.0573, "occupation": 0.0575, "native-country": 0.0176}
    return [
        {
            "column": name,
            "train": known.get(name, 0.0),
            "synthetic": round(known.get(name, 0.0) * 0.98, 4),
            "holdout": round(known.get(name, 0.0) * 1.03, 4),
        }
        for name in ORDER
    ]


def patterns() -> list[dict[str, Any]]:
    rows = [
        ([], 0.926, 0.927),
        (["workclass", "occupation"], 0.0566, 0.0557),
        (["native-country"], 0.0163, 0.0161),
        (["occupation"], 0.0002, 0.0003),
        (["workclass", "occupation", "native-country"], 0.0009, 0.0008),
    ]
    return [{"missing": m, "train": t, "synthetic": s, "holdout": t} for m, t, s in rows]


def audit(rng: np.random.Generator) -> dict[str, Any]:
    reasons = [
        {"code": "OOD", "rows": 112, "text": "farther from the real rows than fresh real rows are"},
        {
            "code": "DUPLICATE",
            "rows": 64,
            "text": "repeats another synthetic row more often than the real rows explain",
        },
        {"code": "NEAR_COPY", "rows": 9, "text": "closer to a training row than fresh real rows come"},
    ]
    flagged = [("capital-gain", 71), ("hours-per-week", 34), ("age", 22), ("native-country", 9)]
    return {
        "rows": 39073,
        "counts": {"accept": 38888, "review": 103, "reject": 18, "duplicate": 64},
        "q": 0.1,
        "reasons": reasons,
        "columns": [{"column": name, "rows": rows} for name, rows in flagged],
        "flagged": [
            {
                "text": "capital-gain>=15000 and age<=24",
                "columns": ["capital-gain", "age"],
                "sentence": "of the synthetic rows with capital-gain>=15000 and age<=24, 82 % are flagged",
                "share": 0.0008,
                "precision": 0.82,
                "base": 0.0047,
            }
        ],
        "real": [
            {
                "table": table,
                "rows": rows,
                "covered": rows - missing,
                "groups": [{"name": "income=>50K", "rows": rows // 4, "covered": rows // 4 - missing}],
            }
            for table, rows, missing in (("train", 39073, 121), ("holdout", 9769, 33))
        ],
        "lacking": [
            {
                "text": "occupation=Armed-Forces",
                "columns": ["occupation"],
                "where": "missing",
                "sentence": "rows with occupation=Armed-Forces are not generated: 0.03 % of real rows, 0 %",
                "real": 0.0003,
                "synthetic": 0.0,
                "interval": [-0.0005, 0.0],
                "support": 15,
            }
        ],
        "map": picture(rng),
        "examples": [],
    }


def picture(rng: np.random.Generator, points: int = 3_000) -> dict[str, Any]:
    def cloud(n: int) -> np.ndarray:
        group = rng.integers(0, 3, n)
        centre = np.array([[-2.2, 0.2], [1.4, 1.6], [1.6, -1.5]])[group]
        return centre + rng.standard_normal((n, 2)) * np.array([[0.9, 0.7], [0.8, 0.6], [0.6, 0.8]])[group]

    real, synthetic = cloud(39_000), cloud(points)
    edges = [np.linspace(*np.quantile(real[:, i], [0.002, 0.998]), 41) for i in range(2)]
    counts = np.histogram2d(real[:, 0], real[:, 1], bins=edges)[0]
    verdicts = np.full(points, "accept", dtype="<U9")
    far = np.argsort(-np.abs(synthetic).sum(1))[:16]
    verdicts[far], verdicts[far[:5]], verdicts[rng.integers(0, points, 8)] = "review", "reject", "duplicate"
    return {
        "axes": [{"name": "principal component 1", "share": 0.147}, {"name": "principal component 2", "share": 0.091}],
        "x_edges": np.round(edges[0], 3).tolist(),
        "y_edges": np.round(edges[1], 3).tolist(),
        "train": [[int(i), int(j), round(counts[i, j] / len(real), 6)] for i, j in np.argwhere(counts >= 10)],
        "holdout": None,
        "synthetic": {
            "x": np.round(synthetic[:, 0], 2).tolist(),
            "y": np.round(synthetic[:, 1], 2).tolist(),
            "verdict": verdicts.tolist(),
            "alpha": np.round(rng.random(points), 2).tolist(),
        },
    }


def wide(columns: int, seed: int = 0) -> dict[str, Any]:
    """Return the document of a table with many columns, half numbers and half categories."""
    rng = np.random.default_rng(seed)
    document = example(seed)
    names = [f"column {i:03d}" for i in range(columns)]
    by_code = {entry["code"]: entry["breakdown"] for entry in document["results"]}
    by_code["FID01"]["columns"] = [number(rng, name, 40, 12, 8, 80) for name in names[: columns // 2]]
    by_code["FID02"]["columns"] = [
        category(rng, name, [f"level {i}" for i in range(20)]) for name in names[columns // 2 :]
    ]
    by_code["FID10"].update(pairs(rng, names[:40]))
    document["schema"] = [meaning(name) for name in names]
    return document


def bare() -> dict[str, Any]:
    """Return a document with no holdout, no target, no audit and one kind of columns."""
    document = example()
    del document["race"], document["curation"]
    document["inputs"] |= {"holdout": None, "generator": None, "target": None}
    document |= {"audit": None, "embedding": None, "findings": []}
    document["results"] = [r for r in document["results"] if r["code"] in ("FID02", "FID16", "CMP02")]
    document["results"][0]["reference"] = None
    document["not_computed"] = [
        {"code": "UTL01", "reason": "NEEDS_TARGET: no target column is declared"},
        {"code": "AUT02", "reason": "NEEDS_HOLDOUT: no real rows were set aside"},
        {"code": "DIV01", "reason": "TOO_FEW_ROWS: 12 rows"},
    ]
    return document


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(example(), ensure_ascii=False), encoding="utf-8")
