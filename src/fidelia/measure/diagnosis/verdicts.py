"""From numbers to verdicts: which failures the curves, clusters and rules show, each with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fidelia.measure.diagnosis.evidence import (
    CRITICAL_Z,
    LEAST_CLOSER,
    LEAST_MASS,
    LEAST_SHIFT,
    LEVEL,
    Evidence,
    Facts,
    Seen,
    is_beyond,
    parts_of,
    rules_of,
)
from fidelia.measure.diagnosis.words import percent
from fidelia.measure.statistics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fidelia.measure.diagnosis.rules import Rule

SAID = 3
_REST = "Kinds of rows that are there come in shares that real rows do not have"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One failure, or none.

    Parameters
    ----------
    kind : str
        ``"ideal"``, ``"mode_collapse"``, ``"mode_invention"``, ``"density_shift"``, ``"memorisation"``,
        ``"partial_memorisation"``, ``"collapse_and_memorisation"``, ``"under_dispersed"``, ``"over_dispersed"`` or
        ``"weak_sign"``.
    title, sentence : str
    mass : float or None
        The share of rows concerned: lost, invented, moved, copied.
    interval : (float, float) or None
        95 % interval of the mass.
    evidence : tuple of Evidence
    alternatives : tuple of str
        What the numbers do not exclude.
    rules : tuple of Rule
        The columns and values concerned.
    """

    kind: str
    title: str
    sentence: str
    mass: float | None = None
    interval: Interval | None = None
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def named(self) -> str:
        """The title with its mass, ``"density shift (3 % of rows)"``."""
        return self.title if self.mass is None else f"{self.title} ({percent(self.mass)} of rows)"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind,
            "title": self.title,
            "sentence": self.sentence,
            "mass": self.mass,
            "interval": None if self.interval is None else list(self.interval),
            "evidence": [{"name": e.name, "value": e.value, "reference": e.reference} for e in self.evidence],
            "alternatives": list(self.alternatives),
            "rules": [rule.to_dict() for rule in self.rules],
        }


def verdicts(facts: Facts) -> tuple[Verdict, ...]:
    """Return the verdicts that hold, gravest first; ``ideal`` alone where none does."""
    seen = Seen.of(facts)
    lost, new = _lost(facts, seen), _invented(facts, seen)
    found = [_memorised(facts, seen), lost, new, _under(facts, seen), _over(facts, seen, new)]
    found.append(_shifted(facts, seen, whole=lost is None and new is None))
    held = [verdict for verdict in found if verdict is not None]
    held += [weak] if (weak := _weak(facts, seen, alone=not held)) is not None else []
    return tuple(held) or (_ideal(facts),)


def _memorised(facts: Facts, seen: Seen) -> Verdict | None:
    copying = facts.copying
    if not seen.copied or facts.curves is None or copying is None:
        return None
    evidence = parts_of(facts, "copies", "S+ of alpha-precision", "closer")
    others = ("copies blurred by more than the distance between rows are not counted",)
    if seen.repeated:
        lost = facts.curves.recall_minus
        said = (
            f"{percent(copying.rate)} of synthetic rows repeat train rows, and of a small part of train only: most "
            "kinds of real rows are out of their reach."
        )
        evidence += parts_of(facts, "S- of beta-recall", "1 - R_1")
        return Verdict(
            "collapse_and_memorisation", "Few train rows, repeated", said, lost.value, lost.interval, evidence, others
        )
    kind = "memorisation" if seen.fully else "partial_memorisation"
    title = "The train rows, repeated" if seen.fully else "Some train rows are repeated"
    low, high = copying.interval
    said = (
        f"{percent(copying.rate)} of synthetic rows ({percent(low)} to {percent(high)}) are copies or near copies of "
        "train rows, beyond what fresh real rows show."
    )
    return Verdict(kind, title, said, copying.rate, copying.interval, evidence, others)


def _lost(facts: Facts, seen: Seen) -> Verdict | None:
    """Mode collapse: kinds of real rows that are not generated."""
    if seen.repeated:
        return None
    rules, gone = rules_of(facts, "missing"), [line for line in facts.lines if line.missing]
    if seen.under:  # lost tails are no lost kind of row
        rules = tuple(rule for rule in rules if all(rule.discrete))
    masses = [facts.explained.mass(rules)]
    if gone:
        sides = [
            sum(line.real - line.synthetic for line in gone),
            *(sum(-line.interval[i] for line in gone) for i in (1, 0)),
        ]
        masses.append((sides[0], (sides[1], sides[2])))
    if facts.curves is not None and is_beyond(facts.curves.uncovered) and not seen.under:
        beyond = facts.curves.uncovered
        masses.append((beyond.value - beyond.reference, beyond.interval))
    mass, interval = max(masses)
    if mass < LEAST_MASS:
        return None
    named = [rule.sentence for rule in _varied(rules)] or [f"not generated: {line.sentence}" for line in gone]
    evidence = parts_of(facts, "S- of beta-recall", "1 - R_1") + tuple(
        Evidence(f"share of {rule.text}", rule.synthetic, rule.real) for rule in rules[:SAID]
    )
    others = (f"that the generator makes such rows very rarely: up to {_rarely(facts, rules)} of its rows",)
    return Verdict(
        "mode_collapse",
        "Kinds of real rows are not generated",
        _said(f"{percent(mass)} of the real rows are of kinds that are not generated", named),
        mass,
        interval,
        evidence,
        others,
        rules,
    )


def _rarely(facts: Facts, rules: Sequence[Rule]) -> str:
    """Return the largest share of synthetic rows that the interval of the lost regions allows."""
    from fidelia.measure.statistics.intervals import wilson

    confirm = facts.explained.confirm
    if confirm is None:
        return "a small share"
    hit = facts.explained.within(confirm.b, rules)
    return percent(wilson(int(hit.sum()), len(hit))[1])


def _invented(facts: Facts, seen: Seen) -> Verdict | None:
    """Mode invention: synthetic rows of kinds that no real row is of."""
    rules = rules_of(facts, "invented")
    if seen.over:  # rows around the real ones are noise; combinations of levels that no real row has are not
        rules = tuple(rule for rule in rules if any(rule.discrete))
    masses = [facts.explained.mass(rules)]
    if facts.curves is not None and is_beyond(facts.curves.invented) and not seen.over:
        beyond = facts.curves.invented
        masses.append((beyond.value - beyond.reference, beyond.interval))
    mass, interval = max(masses)
    if mass < LEAST_MASS:
        return None
    named = [rule.sentence for rule in _varied(rules)]
    if not named:
        named = [f"{group.name}: {percent(group.share)} of synthetic rows" for group in facts.groups]
    evidence = parts_of(facts, "S- of alpha-precision", "1 - P_1") + tuple(
        Evidence(f"share of {rule.text}", rule.synthetic, rule.real) for rule in rules[:SAID]
    )
    return Verdict(
        "mode_invention",
        "Rows are invented that no real row resembles",
        _said(f"{percent(mass)} of the synthetic rows are of kinds that real rows are not", named) + _combined(facts),
        mass,
        interval,
        evidence,
        ("that such rows exist but are too rare for these tables",),
        rules,
    )


def _under(facts: Facts, seen: Seen) -> Verdict | None:
    """Under-dispersed: rows keep to the typical ones, tails are lost."""
    if facts.curves is None or not seen.under:
        return None
    lost = facts.curves.recall_minus
    rules = rules_of(facts, "missing") + rules_of(facts, "shifted")
    said = "Synthetic rows keep to the typical rows; unusual real rows have too few like them"
    return Verdict(
        "under_dispersed",
        "Tails are lost",
        _said(said, [rule.sentence for rule in _varied(rules)]),
        lost.value,
        lost.interval,
        parts_of(facts, "S+ of alpha-precision", "S- of beta-recall", "1 - R_1"),
        ("that a kind of row too rare to be named is lost",),
        rules,
    )


def _over(facts: Facts, seen: Seen, new: Verdict | None) -> Verdict | None:
    """Over-dispersed: rows lie too far out, or their columns do not fit together."""
    if facts.curves is None or facts.residual is None or not seen.over:
        return None
    far = facts.curves.precision_minus if new is None else facts.residual.minus
    told = new is not None and bool(new.rules)
    rules = rules_of(facts, "shifted") if told else rules_of(facts, "invented") + rules_of(facts, "shifted")
    first = "Synthetic rows lie farther from the real ones than fresh real rows do"
    said = f"{first}, those that are invented left out" if told else first
    return Verdict(
        "over_dispersed",
        "Rows are noisy",
        _said(said, [rule.sentence for rule in _varied(rules)]) + _combined(facts),
        far.value,
        far.interval,
        parts_of(facts, "S- of alpha-precision", "S+ of beta-recall", "1 - P_1"),
        ("that rows are invented which no rule on three columns can tell",),
        rules,
    )


def _combined(facts: Facts) -> str:
    """Say, where it is so, that single columns are right and their combinations wrong."""
    rules = facts.explained.rules
    if not rules or any(len(rule.columns) < 2 for rule in rules) or facts.explained.widest() >= LEAST_SHIFT:
        return ""
    return " Each column by itself is as it should be: it is their combinations that are not."


def _varied(rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules in their order, but the first on each set of columns before the others."""
    seen: set[frozenset[str]] = set()
    first: list[Rule] = []
    rest: list[Rule] = []
    for rule in rules:
        (rest if frozenset(rule.columns) in seen else first).append(rule)
        seen.add(frozenset(rule.columns))
    return first + rest


def _shifted(facts: Facts, seen: Seen, *, whole: bool) -> Verdict | None:
    """Density shift: kinds of rows that are there in other shares; `whole` says that no kind is lost or invented."""
    if seen.repeated:
        return None
    dispersed = seen.under or seen.over
    rules = rules_of(facts, "shifted")
    if dispersed:
        rules = tuple(rule for rule in rules if all(rule.discrete))
    moved = facts.moved
    by_cluster = (
        moved is not None
        and moved.p_value < LEVEL
        and moved.value - moved.expected >= LEAST_SHIFT
        and moved.interval[0] > 0
    )
    masses = [(max(abs(rule.synthetic - rule.real) for rule in rules), _gap(rules))] if rules else []
    if by_cluster and moved is not None:
        masses.append((moved.mass, moved.interval))
    if seen.r_minus and whole and not dispersed and not masses and facts.curves is not None:
        masses.append((facts.curves.recall_minus.value, facts.curves.recall_minus.interval))
    if not masses or max(masses)[0] < LEAST_MASS:
        return None
    mass, interval = max(masses)
    named = [rule.sentence for rule in _varied(rules)] or [
        line.sentence for line in facts.lines if (line.interval[0] > 0 or line.interval[1] < 0) and not line.missing
    ]
    first = "All kinds of rows are there, in shares that real rows do not have" if whole else _REST
    evidence = parts_of(facts, "S- of beta-recall")
    if moved is not None:
        evidence += (Evidence("total variation between cluster shares", moved.value, moved.expected),)
    evidence += tuple(Evidence(f"share of {rule.text}", rule.synthetic, rule.real) for rule in rules[:SAID])
    return Verdict(
        "density_shift",
        "Kinds of rows come in other shares",
        _said(first, named),
        mass,
        interval,
        evidence,
        ("that the shares were changed on purpose",),
        rules,
    )


def _gap(rules: Sequence[Rule]) -> Interval:
    widest = max(rules, key=lambda rule: abs(rule.synthetic - rule.real))
    low, high = widest.interval
    return (low, high) if low > 0 else (-high, -low)


def _weak(facts: Facts, seen: Seen, *, alone: bool) -> Verdict | None:
    """Signs that no other verdict uses: train rows lie nearer than fresh ones, or only S+ of beta-recall."""
    c = facts.curves
    if c is None or seen.copied:
        return None
    copying = facts.copying
    nearer = copying is not None and copying.closer - 0.5 >= max(LEAST_CLOSER, CRITICAL_Z * copying.closer_sd)
    if not nearer and not (alone and (seen.r_plus or seen.p_plus)):
        return None
    evidence = parts_of(facts, "S+ of beta-recall", "S+ of alpha-precision", "copies", "closer")
    if nearer and copying is not None:
        said = (
            "Train rows lie a little nearer to synthetic rows than rows that the generator never saw: it leans on "
            "single rows, or makes a few noisy copies."
        )
        return Verdict(
            "weak_sign", "A sign of memorisation", said, 2 * copying.closer - 1, None, evidence,
            ("that the holdout follows another law than train",),
        )  # fmt: skip
    part = c.recall_plus if seen.r_plus else c.precision_plus
    said = (
        "Real rows lie nearer to the middle of the synthetic ones than they should: slightly too much spread."
        if seen.r_plus
        else "Synthetic rows lie nearer to the middle of the real ones than they should."
    )
    others = ("noisy copies of train rows: run the membership attacks (PRV05 to PRV07)",)
    return Verdict("weak_sign", "A weak sign, no failure", said, part.value, part.interval, evidence, others)


def _ideal(facts: Facts) -> Verdict:
    said = "No difference to fresh real rows that is significant and large enough to matter."
    others = ["copies blurred by more than the distance between rows", "kinds of rows rarer than the rows can show"]
    if not facts.has_holdout:
        others.insert(0, "memorisation of any kind: there is no holdout to compare with")
    names = ("S+ of alpha-precision", "S- of alpha-precision", "S+ of beta-recall", "S- of beta-recall", "copies")
    return Verdict("ideal", "Like fresh real rows", said, None, None, parts_of(facts, *names), tuple(others))


def _said(first: str, named: Sequence[str]) -> str:
    """Return the sentence with the three most telling rules."""
    if not named:
        return f"{first}."
    more = f"; {len(named) - SAID} more" if len(named) > SAID else ""
    return f"{first}: {'; '.join(named[:SAID])}{more}."
