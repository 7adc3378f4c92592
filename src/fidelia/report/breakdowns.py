"""The breakdown of each code, as the page draws it. Every field may be absent; further fields are allowed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Number = float | None
Numbers = list[float | None]
Interval = tuple[float | None, float | None]


class Loose(BaseModel):
    """A shape whose known fields are typed and whose other fields are left alone."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class Histogram(Loose):
    """Shares in bins; the outer bins are open. `edges` has one more entry than the shares."""

    edges: Numbers
    edge_labels: list[str] | None = None
    train: Numbers
    synthetic: Numbers
    holdout: Numbers | None = None


class Bars(Loose):
    """Shares of levels; rare levels, the tail and missing stand as ``(rare)``, ``(other)``, ``(missing)``."""

    levels: list[str]
    train: Numbers
    synthetic: Numbers
    holdout: Numbers | None = None


class Column(Loose):
    """The score of one column beside its reference, and what to draw."""

    column: str
    kind: str | None = None
    value: Number = None
    reference: Number = None
    sd: Number = None
    histogram: Histogram | None = None
    bars: Bars | None = None


class Columns(Loose):
    """FID01, FID02."""

    columns: list[Column] = []


class Pair(Loose):
    """One pair of columns."""

    a: str
    b: str
    value: Number = None
    reference: Number = None


class Pairs(Loose):
    """FID10: square matrices in the order of `columns`."""

    columns: list[str] = []
    score: list[Numbers] = []
    real: list[Numbers] = []
    synthetic: list[Numbers] = []
    worst: list[Pair] = []


class Curve(Loose):
    """A curve over levels in [0, 1], beside fresh real rows and their 95 % band."""

    level: Numbers
    synthetic: Numbers
    reference: Numbers | None = None
    low: Numbers | None = None
    high: Numbers | None = None


class Curves(Loose):
    """FID16, FID17, DIV01, DIV02."""

    estimator: str | None = None
    curve: Curve | None = None
    S_plus: Number = None
    S_minus: Number = None
    P_1: Number = None
    R_1: Number = None
    one_sided: Number = None
    p_value: Number = None
    full: Number = None


class Ratio(Loose):
    """Shares of the authenticity ratio in bins."""

    edges: Numbers
    synthetic: Numbers
    holdout: Numbers | None = None


class Authenticity(Loose):
    """AUT01."""

    ratio: Ratio | None = None
    full: Number = None
    ties: Number = None


class AuthenticityDifference(Loose):
    """AUT02."""

    synthetic: Number = None
    holdout: Number = None
    copy_rate: Number = None
    copy_rate_interval: Interval | None = None


class Identical(Loose):
    """AUT05."""

    synthetic: Number = None
    holdout: Number = None
    rows: int | None = None


class ClosestRecord(Loose):
    """PRV02."""

    ties: Number = None
    closer_to_train: Number = None
    closer_to_holdout: Number = None


class Detector(Loose):
    """One model of the two-sample test."""

    model: str
    auc: Number = None
    low: Number = None
    high: Number = None
    reference: Number = None


class Importance(Loose):
    """How much one column gives synthetic rows away."""

    column: str
    importance: Number = None


class TwoSample(Loose):
    """FID26."""

    models: list[Detector] = []
    columns: list[Importance] = []
    score: Number = None


class Learner(Loose):
    """One model, trained on real and on synthetic rows."""

    model: str
    real: Number = None
    synthetic: Number = None
    real_interval: Interval | None = None
    synthetic_interval: Interval | None = None
    difference: Number = None
    difference_interval: Interval | None = None


class BothImportances(Loose):
    """A column's importance for the model trained on real and on synthetic rows."""

    column: str
    real: Number = None
    synthetic: Number = None


class Utility(Loose):
    """UTL01."""

    task: str | None = None
    metric: str | None = None
    baseline: Number = None
    models: list[Learner] = []
    importances: list[BothImportances] = []


class MissingShare(Loose):
    """Missing shares of one column."""

    column: str
    train: Number = None
    synthetic: Number = None
    holdout: Number = None


class MissingShares(Loose):
    """CMP02."""

    columns: list[MissingShare] = []


class Pattern(Loose):
    """Columns that are missing together, and how often."""

    missing: list[str]
    train: Number = None
    synthetic: Number = None
    holdout: Number = None


class Patterns(Loose):
    """CMP03."""

    patterns: list[Pattern] = []


BREAKDOWNS: dict[str, type[Loose]] = {
    "FID01": Columns,
    "FID02": Columns,
    "FID10": Pairs,
    "FID16": Curves,
    "FID17": Curves,
    "DIV01": Curves,
    "DIV02": Curves,
    "AUT01": Authenticity,
    "AUT02": AuthenticityDifference,
    "AUT05": Identical,
    "PRV02": ClosestRecord,
    "FID26": TwoSample,
    "UTL01": Utility,
    "CMP02": MissingShares,
    "CMP03": Patterns,
}
