"""Gates: limits that the numbers of a results document must keep, for pipelines that may not go on otherwise.

A gate is a TOML file. ``verdict`` names the worst level that passes, ``accepted`` the least share of rows that the
audit accepts, and each metric has a table of limits, on the value or on its distance from what fresh real rows get::

    verdict = "attention"

    [FID16]
    below_reference = 0.02

    [AUT01]
    at_least = 0.4
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from fidelia.data.atomic import atomic
from fidelia.errors import DataError, UsageError
from fidelia.measure.catalog import find
from fidelia.schema.schema import closest

LEVELS = ("good", "attention", "poor")
VERDICT, ACCEPTED = "verdict", "accepted"
RULES = {
    "at_least": "at least {}",
    "at_most": "at most {}",
    "below_reference": "at most {} below what fresh real rows get",
    "above_reference": "at most {} above what fresh real rows get",
}
FAR = 12
"""Decimals to which numbers are compared: 0.1 + 0.2 is at most 0.3."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Parameters
    ----------
    what : str
        The code of a metric, ``"verdict"`` or ``"accepted"``.
    rule : str
        One of `RULES`; of a verdict ``"at_most"``.
    bound : float or str
        A number, or a level.
    """

    what: str
    rule: str
    bound: float | str

    def __str__(self) -> str:
        if self.what == VERDICT:
            return f"verdict no worse than {self.bound}"
        return f"{self.what} {RULES[self.rule].format(self.bound)}"


@dataclass(frozen=True, slots=True)
class Checked:
    """A limit held against a document: whether it is kept, and what was found."""

    limit: Limit
    kept: bool
    found: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Limits in the order of their file.

    Examples
    --------
    >>> gate = Gate.of({"verdict": "good", "FID16": {"at_least": 0.9}})
    >>> [str(limit) for limit in gate.limits]
    ['verdict no worse than good', 'FID16 at least 0.9']
    """

    limits: tuple[Limit, ...]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a gate.

        Raises
        ------
        DataError
            When the file cannot be read, or names a metric, a rule or a level that does not exist.
        """
        try:
            return cls.of(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UsageError) as error:
            raise DataError(f"{path}: not a gate: {error}") from error

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the gate that a TOML document says.

        Raises
        ------
        UsageError
            When it names a metric, a rule or a level that does not exist, or has no limit at all.
        """
        limits = tuple(limit for name, said in document.items() for limit in _limits(name, said))
        if not limits:
            raise UsageError("it has no limit; write e.g. verdict = 'attention'")
        return cls(limits)

    def check(self, document: Mapping[str, Any]) -> tuple[Checked, ...]:
        """Hold every limit against a results document. What was not measured keeps none."""
        return tuple(_checked(limit, document) for limit in self.limits)


def _limits(name: str, said: Any) -> Iterator[Limit]:
    if name == VERDICT:
        if said not in LEVELS:
            raise UsageError(
                f"verdict = {said!r} is no level{closest(str(said), LEVELS)}; there are {', '.join(LEVELS)}"
            )
        yield Limit(VERDICT, "at_most", said)
    elif name == ACCEPTED:
        yield Limit(ACCEPTED, "at_least", _number(ACCEPTED, said))
    elif isinstance(said, Mapping) and said:
        code = find(name).code
        for rule, bound in said.items():
            if rule not in RULES:
                raise UsageError(f"[{name}] {rule} is no limit{closest(rule, RULES)}; there are {', '.join(RULES)}")
            yield Limit(code, rule, _number(f"[{name}] {rule}", bound))
    else:
        raise UsageError(f"{name} = {said!r} says no limit; write [{name}] and below it e.g. at_least = 0.9")


def _number(where: str, said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise UsageError(f"{where} = {said!r} must be a number")
    return float(said)


def _checked(limit: Limit, document: Mapping[str, Any]) -> Checked:
    if limit.what == VERDICT:
        level = document["verdict"]["level"]
        return Checked(limit, LEVELS.index(level) <= LEVELS.index(str(limit.bound)), level)
    if limit.what == ACCEPTED:
        return _share(limit, document.get("audit"))
    result = next((one for one in document["results"] if one["code"] == limit.what), None)
    if result is None or result["value"] is None:
        return Checked(limit, kept=False, found=_absent(limit.what, document))
    return _measured(limit, result["value"], (result["reference"] or {}).get("value"))


def _share(limit: Limit, audit: Mapping[str, Any] | None) -> Checked:
    counts = audit["counts"] if audit else {}
    total = sum(counts.values())
    if not total:
        return Checked(limit, kept=False, found="no row was audited")
    share = counts["accept"] / total
    return Checked(limit, share >= float(limit.bound), f"{share:.4g}")


def _absent(code: str, document: Mapping[str, Any]) -> str:
    reasons = {said["code"]: said["reason"] for said in document["not_computed"]}
    return f"not measured: {reasons.get(code, f'ask for it with --metric {code}')}"


def _measured(limit: Limit, value: float, reference: float | None) -> Checked:
    beside = "" if reference is None else f" (fresh real {reference:.4g})"
    found = f"{value:.4g}{beside}"
    if limit.rule.endswith("reference") and reference is None:
        return Checked(limit, kept=False, found=f"{found}, with no fresh real rows to compare with")
    bound = float(limit.bound)
    spare = {
        "at_least": value - bound,
        "at_most": bound - value,
        "below_reference": value - (reference or 0.0) + bound,
        "above_reference": (reference or 0.0) + bound - value,
    }[limit.rule]
    return Checked(limit, round(spare, FAR) >= 0, found)


def write_junit(checks: Sequence[Checked], path: str | Path) -> None:
    """Write checks as JUnit XML, which pipelines show as tests; atomically."""
    from xml.etree import ElementTree as Xml

    broken = sum(not one.kept for one in checks)
    suite = Xml.Element("testsuite", name="fidelia gate", tests=str(len(checks)), failures=str(broken), errors="0")
    for one in checks:
        case = Xml.SubElement(suite, "testcase", classname=f"fidelia.{one.limit.what}", name=str(one.limit))
        if not one.kept:
            Xml.SubElement(case, "failure", message=f"found {one.found}")
    with atomic(path) as draft:
        Xml.ElementTree(suite).write(draft, encoding="utf-8", xml_declaration=True)
