"""The shape of a curation in results.json."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fidelia.report.breakdowns import Interval, Number

Rows = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A shape without further fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Round(Strict):
    """One draw; a row may be out for several reasons."""

    drawn: Rows
    kept: Rows
    rejected: Rows
    reasons: dict[str, Rows]


class Reason(Strict):
    """Why rows are out, over all draws."""

    code: str
    rows: Rows
    text: str


class Group(Strict):
    """How many rows of a subgroup were drawn, and how many of them are out."""

    name: str
    drawn: Rows
    rejected: Rows


class Change(Strict):
    """A score of the rows as drawn and of the curated ones, on real rows that the filter never used."""

    code: str
    name: str
    group: str | None
    before: Number
    after: Number
    reference: Number
    difference: Number
    interval: Interval
    short: bool
    said: Literal["better", "worse", "same"]


class Curation(Strict):
    """Which rows were kept, and what that changed."""

    take: Literal["curated", "unfiltered", "weights", "review"]
    verdict: str
    rows: Rows
    kept: Share
    rejected: Share
    stopped: str
    limit: Share
    reasons: list[Reason]
    rounds: list[Round]
    groups: list[Group]
    odds: dict[str, Any]
    changes: list[Change]
    notes: list[str]
    provenance: dict[str, Any]
