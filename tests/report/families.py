"""Documents with every family of measures: a diagnosis of each kind, attacks, parts by column, pair, line and curve."""

from __future__ import annotations

from typing import Any

from fidelia.measure.catalog import entries
from fidelia.report.labels import LABELS

KINDS = {
    "mode_collapse": "Kinds of real rows are not generated",
    "mode_invention": "Rows are invented that no real row resembles",
    "density_shift": "Kinds of rows come in other shares",
    "memorisation": "The train rows, repeated",
    "partial_memorisation": "Some train rows are repeated",
    "collapse_and_memorisation": "Few train rows, repeated",
    "under_dispersed": "Tails are lost",
    "over_dispersed": "Rows are noisy",
    "weak_sign": "A sign of memorisation",
    "ideal": "Like fresh real rows",
}
CATEGORIES = {
    "FID": "fidelity",
    "DIV": "diversity",
    "AUT": "authenticity",
    "UTL": "utility",
    "PRV": "privacy",
    "CMP": "completeness",
    "STB": "stability",
    "GMU": "generative-model utility",
    "FAI": "fairness",
    "IMG": "images",
}


def rule(where: str, real: float, synthetic: float) -> dict[str, Any]:
    text = f"age 17..24 and education=HS-grad ({where})"
    return {
        "text": text,
        "columns": ["age", "education"],
        "sentence": f"rows with {text} are off",
        "interval": [0.01, 0.03],
        "real": real,
        "synthetic": synthetic,
        "support": 40,
        "where": where,
    }


def verdict(kind: str) -> dict[str, Any]:
    plain = kind in ("ideal", "weak_sign")
    listed = (
        "12 % of the real rows are off: rows with age 17..24 are too few: 12 % of real rows, 0 % of synthetic rows."
    )
    return {
        "kind": kind,
        "title": KINDS[kind],
        "sentence": "Nothing differs." if plain else listed,
        "mass": None if kind == "ideal" else 0.12,
        "interval": None if plain else [0.10, 0.14],
        "evidence": [
            {"name": "S- of beta-recall", "value": 0.2, "reference": 0.01},
            {"name": "share of age 17..24", "value": 0.0, "reference": 0.12},
        ],
        "alternatives": [] if plain else ["that such rows are very rare"],
        "rules": []
        if plain
        else [rule("missing", 0.12, 0.0), rule("invented", 0.0, 0.1), rule("shifted", 0.1, 0.2)] * 3,
    }


def cluster(position: int) -> dict[str, Any]:
    return {
        "name": f"cluster {position} <b>",
        "real": 0.1,
        "holdout": None if position % 2 else 0.11,
        "synthetic": 0.01 * position,
        "interval": [-0.1, 0.1],
        "coverage": 0.5,
        "sentence": "",
    }


def diagnosis(*kinds: str) -> dict[str, Any]:
    return {
        "verdicts": [verdict(kind) for kind in kinds],
        "clusters": [cluster(i) for i in range(11)],
        "invented": [{"name": "capital-gain 90000..99999", "synthetic": 0.04}],
        "n": {"real": 100, "synthetic": 100},
    }


def result(code: str, value: float | None = 0.5, **breakdown: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"measure {code}",
        "category": CATEGORIES.get(code[:3], "other"),
        "value": value,
        "interval": None if value is None else [value - 0.01, value + 0.01],
        "reference": {"value": 0.52, "sd": 0.002, "n": 100, "kind": "holdout"},
        "direction": str(entries()[code].direction) if code in entries() else "higher",
        "n": {"train": 100, "synthetic": 100, "holdout": 100},
        "caveats": [{"code": "X", "text": f"caveat of {code}"}],
        "embedding": None,
        "breakdown": breakdown,
    }


def attack(code: str, *, alarm: bool, **more: Any) -> dict[str, Any]:
    excess = 0.2 if alarm else -0.3
    interval = [excess - 0.1, excess + 0.1]
    made = result(code, 0.5 + excess, alarm=alarm, excess=excess, excess_interval=interval, level=0.05, **more)
    return made | {"direction": "target(0.5)", "reference": {"value": 0.5, "sd": 0.01, "n": 100, "kind": "holdout"}}


def attacks(*, alarm: bool) -> list[dict[str, Any]]:
    tried = {"auc": 0.7, "low": 0.65, "high": 0.75, "tpr_at_0.01": 0.1, "tpr_at_0.01_interval": [0.0, 0.2]}
    guess = {"attacker": "boosted trees", "train": 0.8, "holdout": 0.6, "blind": 0.5, "q": 1e-9}
    return [
        attack("PRV01", alarm=alarm, closer_in_train=0.07, closer_in_holdout=0.05),
        attack("PRV05", alarm=alarm, lines=[{"name": "distance", **tried}, {"name": "blind", **tried, "auc": 0.5}]),
        attack("PRV09", alarm=alarm, caught=0.3, accused=0.01),
        attack("PRV13", alarm=alarm, lines=[{"name": "income", **guess}, {"name": "sex", **guess}]),
        attack("PRV10", alarm=alarm),
    ]


PARTS: dict[str, dict[str, Any]] = {
    "FID03": {
        "columns": [{"column": "age", "value": 0.4, "reference": 0.1, "sd": 0.01}, {"column": "x", "value": None}]
    },
    "FID31": {"columns": [{"column": "age", "value": 0.2, "reference": 0.9, "sd": 0.01}]},
    "FID07": {"pairs": [{"a": "age", "b": f"c{i}", "value": 0.1 * i, "reference": None} for i in range(30)]},
    "FID12": {"p_value": 0.2},
    "DIV12": {"columns": [{"column": "age", "value": 0.5, "reference": 0.5, "sd": 0.1}]},
    "UTL06": {"lines": [{"name": "range", "queries": 10, "value": 1.2, "reference": None, "said": "words"}]},
    "FID20": {"curve": {"level": [0.0, 0.5, 1.0], "synthetic": [0.0, 0.4, 1.0]}},
}


def extended(document: dict[str, Any], *kinds: str, alarm: bool = True) -> dict[str, Any]:
    """Return the document with a result for every code of the catalogue, attacks and a diagnosis of these kinds."""
    known = {each["code"] for each in document["results"]}
    document["results"] += attacks(alarm=alarm)
    known |= {each["code"] for each in document["results"]}
    tiny = {"FID12": -5.8e-5, "DIV16": None}
    document["results"] += [
        result(code, tiny.get(code, 0.5), **PARTS.get(code, {})) for code in LABELS if code not in known
    ]
    return document | {"diagnosis": diagnosis(*(kinds or ("mode_collapse",)))}


ODD: list[dict[str, Any]] = [
    {"columns": 5, "pairs": "text", "lines": {"name": 1}, "curve": [1]},
    {"columns": ["a", 1, None], "pairs": [1], "lines": [None, "x"]},
    {"columns": [{"value": 1}, {"column": 3, "value": "text"}], "lines": [{"name": None}], "curve": {"level": 3}},
    {"pairs": [{"a": 1, "b": 2, "value": "x", "reference": "y"}], "alarm": "yes", "excess": "much"},
    {"lines": [{"name": "a", "b": [1, "c"], "d": {"e": 1}, "f": 1e300}], "alarm": True, "excess": None},
    {"curve": {"level": [0, 2], "synthetic": [0, 1]}, "alarm": True, "excess": 0.1, "excess_interval": "wide"},
    {"curve": {"level": [0, 1], "synthetic": [0]}, "alarm": False, "excess": 1, "excess_interval": [None, None]},
]
