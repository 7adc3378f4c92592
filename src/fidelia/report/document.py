"""The shape of results.json: the models that check it, from which its published JSON Schema is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fidelia.errors import ReadError
from fidelia.report.breakdowns import BREAKDOWNS, Interval, Number
from fidelia.report.curation import Curation
from fidelia.report.gallery import Gallery

FORMAT = 1
Code = Annotated[str, Field(pattern=r"^[A-Z]{3}[0-9]{2}[a-z]?$")]
Share = Annotated[float, Field(ge=0, le=1)]
Rows = Annotated[int, Field(ge=0)]


class Strict(BaseModel):
    """A shape without further fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Embedding(Strict):
    """The space in which distances were taken; results of different hashes do not compare."""

    name: str
    version: str | int
    hash: str
    width: Rows


class Input(Strict):
    """One of the tables."""

    rows: Rows
    columns: Rows
    sha256: str


class Inputs(Strict):
    """What was measured. `generator` describes what made the synthetic rows, when that is known.

    There is no `train` where rows were audited against the holdout alone.
    """

    train: Input | None
    synthetic: Input
    holdout: Input | None
    generator: dict[str, Any] | None
    target: str | None
    notes: list[str] = []


class Verdict(Strict):
    """The whole in words."""

    level: Literal["good", "attention", "poor"]
    headline: str
    sentences: list[str]


class Reference(Strict):
    """What fresh real rows score at the same number of rows."""

    value: Number
    sd: Number
    n: Rows
    kind: Literal["holdout", "train-split"]


class Caveat(Strict):
    """A typed warning that belongs to a number."""

    code: str
    text: str


class Result(Strict):
    """One measurement."""

    code: Code
    name: str
    category: str
    value: Number
    interval: Interval | None
    reference: Reference | None
    direction: Annotated[str, Field(pattern=r"^(higher|lower|reference|info|target\(-?[0-9.]+\))$")]
    n: dict[str, Rows]
    caveats: list[Caveat]
    embedding: str | None = None
    breakdown: dict[str, Any]


class Finding(Strict):
    """One thing that the reader should know. `anchor` is a section of the page or the code of a result."""

    code: str
    severity: Literal["fail", "warning", "info", "good"]
    title: str
    sentence: str
    value: Number
    reference: Number
    anchor: str | None


class Counts(Strict):
    """Synthetic rows by verdict."""

    accept: Rows
    review: Rows
    reject: Rows
    duplicate: Rows


class Reason(Strict):
    """Why rows were flagged."""

    code: str
    rows: Rows
    text: str


class ColumnFlags(Strict):
    """How many rows a column caused to be flagged."""

    column: str
    rows: Rows


class Axis(Strict):
    """An axis of the map and its share of the variance."""

    name: str
    share: Number


class Points(Strict):
    """A sample of the synthetic rows on the map; the four lists are of one length."""

    x: list[float]
    y: list[float]
    verdict: list[Literal["accept", "review", "reject", "duplicate"]]
    alpha: list[Number]


Cell = tuple[Rows, Rows, Share]


class Map(Strict):
    """Train and holdout as cells (x index, y index, share of rows), synthetic rows as points."""

    axes: Annotated[list[Axis], Field(min_length=2, max_length=2)]
    x_edges: list[float]
    y_edges: list[float]
    train: list[Cell]
    holdout: list[Cell] | None
    synthetic: Points


class Example(Strict):
    """A flagged row beside the training row nearest to it; internal edition only."""

    verdict: str
    reasons: list[str]
    row: dict[str, Any]
    nearest: dict[str, Any] | None
    matched: list[str]


class Covered(Strict):
    """How many real rows of a subgroup lie within reach of the synthetic ones."""

    name: str
    rows: Rows
    covered: Rows


class Real(Strict):
    """The same of a real table, and of its subgroups of ten rows or more."""

    table: Literal["train", "holdout"]
    rows: Rows
    covered: Rows
    groups: list[Covered] = []


class Described(Strict):
    """Rows in words: real ones that are not covered, or synthetic ones that are flagged; shares of all such rows."""

    text: str
    columns: list[str]
    sentence: str
    where: Literal["missing", "invented", "shifted", "uncovered"] | None = None
    real: Number = None
    synthetic: Number = None
    interval: Interval | None = None
    support: Rows = 0
    share: Number = None
    precision: Number = None
    base: Number = None


class Audit(Strict):
    """The verdicts over all synthetic rows, and which real rows they cover."""

    rows: Rows
    counts: Counts
    q: Number
    calibrated: bool = True
    reference: Literal["train", "holdout"] = "train"
    notes: list[str] = []
    reasons: list[Reason]
    columns: list[ColumnFlags]
    flagged: list[Described] = []
    real: list[Real] = []
    lacking: list[Described] = []
    map: Map | None = None
    examples: list[Example] = []


class Evidence(Strict):
    """A number that a verdict rests on, beside what fresh real rows get."""

    name: str
    value: Number
    reference: Number = None


class Rule(Strict):
    """Rows that are too rare, too frequent or invented, by a condition in words; shares of all rows."""

    text: str
    columns: list[str] = []
    sentence: str = ""
    interval: Interval | None = None
    real: Number
    synthetic: Number
    support: Rows = 0
    where: Literal["missing", "invented", "shifted"]


class Kind(Strict):
    """A kind of difference: collapse, invention, shift, memorisation ... or none."""

    kind: str
    title: str
    sentence: str
    mass: Number = None
    interval: Interval | None = None
    evidence: list[Evidence] = []
    alternatives: list[str] = []
    rules: list[Rule] = []


class Cluster(Strict):
    """A cluster of the real rows: shares of rows, and the share of its real rows that are reached."""

    name: str
    real: Number
    holdout: Number = None
    synthetic: Number
    interval: Interval | None = None
    coverage: Number = None
    sentence: str = ""


class Invented(Strict):
    """A group of synthetic rows beyond every real one."""

    name: str
    synthetic: Number


class Diagnosis(Strict):
    """What kind of difference there is, and where."""

    verdicts: list[Kind]
    clusters: list[Cluster] = []
    invented: list[Invented] = []
    n: dict[str, Rows] = {}


class Declined(Strict):
    """A metric that was not computed."""

    code: str
    reason: str


class ColumnMeaning(Strict):
    """A column as it was understood."""

    name: str
    kind: str
    role: str
    nullable: bool
    reason: str


class RaceScore(Strict):
    """A score of an entrant; `loss` is its gap to fresh real rows as a share of the scale, `sd` the error of that."""

    code: Code
    value: Number
    reference: Number
    interval: Interval
    loss: Share
    sd: Number


class RaceGate(Strict):
    """A test of whether an entrant repeats training rows; `leak` is 1 where the warning begins."""

    code: Code
    value: Number
    reference: Number
    interval: Interval
    passed: bool
    leak: Number
    said: str


class Entrant(Strict):
    """A generator that entered the race. `place` is its rank by mean loss among those that do not leak."""

    name: str
    status: Literal["won", "lost", "leaked", "skipped", "failed"]
    why: str
    place: Rows | None = None
    loss: Share | None = None
    sd: Number = None
    marks: list[RaceScore] = []
    gates: list[RaceGate] = []
    fit_seconds: Number = None
    sample_seconds: Number = None


class Race(Strict):
    """How the generator was chosen. The simplest entrant with a mean loss up to `limit` won; None: all leak."""

    winner: str
    lines: Annotated[list[Entrant], Field(min_length=1)]
    rows: dict[str, Rows]
    splits: Rows
    limit: Number
    seconds: Number
    reproducible: bool
    refit: Number = None


class Document(Strict):
    """The results of one run of fidelia."""

    format: Literal[1]
    fidelia: str
    edition: Literal["shareable", "internal"]
    seed: Rows
    embedding: Embedding | None
    inputs: Inputs
    verdict: Verdict
    results: list[Result]
    findings: list[Finding]
    diagnosis: Diagnosis | None = None
    race: Race | None = None
    audit: Audit | None
    pictures: Gallery | None = None
    curation: Curation | None = None
    not_computed: list[Declined]
    columns: Annotated[list[ColumnMeaning], Field(alias="schema")]
    versions: dict[str, str]


def check(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a results document with the fields that may be absent filled in.

    Raises
    ------
    ReadError
        When it is not one; the message names the field.
    """
    checked = _validate(Document, document, ())
    for position, result in enumerate(checked["results"]):
        result["breakdown"] = _breakdown(result, position)
    return checked


def _breakdown(result: dict[str, Any], position: int) -> dict[str, Any]:
    shape = BREAKDOWNS.get(result["code"])
    if shape is None:
        return dict(result["breakdown"])
    return _validate(shape, result["breakdown"], ("results", position, "breakdown"))


def _validate(shape: type[BaseModel], value: Any, above: tuple[str | int, ...]) -> dict[str, Any]:
    """Validate through JSON text, so that what passes is JSON and nothing is converted on the way."""
    try:
        return shape.model_validate_json(json.dumps(value, allow_nan=False), strict=True).model_dump(by_alias=True)
    except ValidationError as error:
        raise ReadError(_explain(error, above)) from error
    except (TypeError, ValueError) as error:
        raise ReadError(f"not a results document: it cannot be written as JSON: {error}") from error


def _explain(error: ValidationError, above: tuple[str | int, ...]) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in (*above, *first["loc"])) or "the whole"
    found = "" if first["type"] == "missing" else f" (found {str(first['input'])[:60]!r})"
    more = f"; {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return (
        f"not a results document of format {FORMAT}: {where}: {first['msg'].lower()}{found}{more}. "
        "Write results.json anew with `fidelia run` or `fidelia evaluate`"
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of results.json, which the package ships as ``schema.json``."""
    made = Document.model_json_schema(by_alias=True)
    branches = []
    for code, shape in BREAKDOWNS.items():
        part = shape.model_json_schema(ref_template="#/$defs/{model}")
        made["$defs"] |= part.pop("$defs", {})
        made["$defs"][shape.__name__] = part
        where = {"properties": {"breakdown": {"$ref": f"#/$defs/{shape.__name__}"}}}
        branches.append({"if": {"properties": {"code": {"const": code}}}, "then": where})
    made["$defs"]["Result"]["allOf"] = branches
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fidelia results"}
    return head | {key: value for key, value in made.items() if key != "title"}
