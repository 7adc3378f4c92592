"""What the lines of a trilemma document amount to: each beside fresh real rows, the front, and the usual claims.

A document is the object of ``trilemma.json``; see `fidelia.workflow.trilemma`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fidelia.report.notation import count, percent, score

Line = Mapping[str, Any]

FRESH = "fresh real"
CONTROLS = {
    FRESH: "Further real rows: the ceiling.",
    "exact copier": "The training rows themselves: faithful, and nothing new.",
    "one mode": "Real rows of one kind alone: faithful rows, no coverage.",
    "noisy-copy": "Training rows plus noise: the copier in disguise.",
    "marginals": "Independent columns: every column right, no two together.",
}
"""Good at one thing by design; those that are generators of the catalog are measured as such."""

GOOD = 0.75
"""Least share of the fresh rows' two-sample score at which quality counts as good."""
SHARP = 0.95
"""Least share of the fresh rows' good rows on the turned grid at which samples do not count as blurred."""
COVERS = 0.9
"""Least share of the fresh rows' beta-recall and coverage, and of the rare groups, at which modes count as kept."""
FAST = 0.1
"""Least share of the fastest network's rows per second at which drawing counts as fast."""
COPIES = 0.85
"""Share of the fresh rows' authenticity below which a generator counts as copying."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the document, beside the fresh real rows.

    Parameters
    ----------
    line, fresh : mapping
        Of the document.
    at : str
        The number of rows at which speeds are compared.
    """

    line: Line
    fresh: Line
    at: str

    @property
    def name(self) -> str:
        """The generator."""
        return str(self.line["name"])

    def value(self, part: str, key: str) -> float | None:
        """Return a score, None where it was not measured."""
        found: float | None = (self.line[part] or {}).get(key)
        return found

    def relative(self, part: str, key: str) -> float | None:
        """Return a score over that of fresh real rows."""
        own, ceiling = self.value(part, key), (self.fresh[part] or {}).get(key)
        return own / ceiling if own is not None and ceiling else None

    @property
    def speed(self) -> float | None:
        """Rows a second."""
        found: float | None = (self.line["cost"] or {}).get("speed", {}).get(self.at)
        return found

    @property
    def fit(self) -> float | None:
        """Seconds of the fit of the real table."""
        found: float | None = (self.line["cost"] or {}).get("fit")
        return found

    @property
    def quality(self) -> float | None:
        """The two-sample score over that of fresh real rows."""
        return self.relative("real", "two_sample")

    @property
    def coverage(self) -> float | None:
        """Coverage over that of fresh real rows."""
        return self.relative("real", "coverage")

    @property
    def copies(self) -> bool:
        """Whether authenticity is far below that of fresh real rows."""
        found = self.relative("real", "authenticity")
        return found is not None and found < COPIES


def standings(document: Mapping[str, Any]) -> list[Standing]:
    """Return the lines: fresh real rows, generators from best quality to worst, then the other controls."""
    lines = document["lines"]
    fresh = next(line for line in lines if line["name"] == FRESH)
    at = str(document["draws"][min(1, len(document["draws"]) - 1)])
    made = [Standing(line, fresh, at) for line in lines]
    return sorted(made, key=lambda s: (s.name != FRESH, s.line["control"], -(s.quality or -1.0)))


def front(document: Mapping[str, Any]) -> list[str]:
    """Return the generators that no other beats in both quality and speed, fastest first; controls do not count."""
    found = [s for s in standings(document) if not s.line["control"] and s.quality is not None and s.speed is not None]
    best: list[str] = []
    highest = -1.0
    for one in sorted(found, key=lambda s: (-(s.speed or 0), -(s.quality or 0))):
        if (one.quality or 0.0) > highest:
            best.append(one.name)
            highest = one.quality or 0.0
    return best


@dataclass(frozen=True, slots=True)
class _Trait:
    """Whether a generator has a trait, and the numbers that say so."""

    holds: bool | None
    said: str


def claims(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say of each family whether what is usually said of it is confirmed by the numbers.

    Returns
    -------
    list of dict
        ``family``, ``claim``, ``verdict`` ("confirmed", "refuted", "in part" or "not measured") and ``sentence``, which
        holds the numbers. The last one is of the trilemma itself.
    """
    found = standings(document)
    by_name = {one.name: one for one in found}
    fastest = max((s.speed for s in found if s.name in NETWORKS and s.speed is not None), default=None)
    made = [_claim(by_name.get(family), family, fastest) for family in CLAIMS]
    return [*made, _trilemma(found, fastest)]


def _good(one: Standing, _fastest: float | None) -> _Trait:
    holds = None if one.quality is None else one.quality >= GOOD
    return _Trait(holds, f"two-sample score {score(one.value('real', 'two_sample'))}, {_of(one.quality)}")


def _covers(one: Standing, _fastest: float | None) -> _Trait:
    straight, turned = one.value("grid", "modes"), one.value("turned", "modes")
    modes = one.value("grid", "of") or one.value("turned", "of")
    groups, of = one.value("groups", "groups"), one.value("groups", "of")
    parts = [found == modes for found in (straight, turned) if found is not None]
    parts += [groups >= COVERS * of] if groups is not None and of is not None else []
    kept = {key: one.relative("real", key) for key in ("beta", "coverage")}
    parts += [share >= COVERS for share in kept.values() if share is not None]
    said = [f"beta-recall {_of(kept['beta'])}", f"coverage {_of(kept['coverage'])}"]
    if None not in (straight, turned):
        said.append(f"{straight:.0f} of {modes:.0f} modes, {turned:.0f} of the turned grid's")
    said += [f"{groups:.0f} of {of:.0f} rare groups"] if groups is not None else []
    return _Trait(all(parts) if parts else None, ", ".join(said))


def _sharp(one: Standing, _fastest: float | None) -> _Trait:
    share = one.relative("turned", "good")
    holds = None if share is None else share >= SHARP
    return _Trait(holds, f"{percent(one.value('turned', 'good'))} good rows on the turned grid")


def _fast(one: Standing, fastest: float | None) -> _Trait:
    if one.speed is None or not fastest:
        return _Trait(None, "speed not measured")
    said = f"{count(one.speed)} rows/s, the fastest network {count(fastest)}"
    return _Trait(one.speed >= FAST * fastest, said)


Judge = Callable[[Standing, float | None], _Trait]
CLAIMS: dict[str, tuple[str, Sequence[tuple[Judge, bool]]]] = {
    "gan": ("fast but poor in coverage", ((_fast, True), (_covers, False))),
    "vae": ("covers but blurs", ((_covers, True), (_sharp, False))),
    "diffusion": ("good but slow", ((_good, True), (_fast, False))),
    "ddgan": ("good, covering and fast at once", ((_good, True), (_covers, True), (_fast, True))),
}
NETWORKS = frozenset({*CLAIMS, "autoregressive"})
_WORDS: dict[Judge, tuple[str, str]] = {
    _good: ("is good", "is not good"),
    _covers: ("covers", "does not cover"),
    _sharp: ("does not blur", "blurs"),
    _fast: ("is fast", "is slow"),
}


def _claim(one: Standing | None, family: str, fastest: float | None) -> dict[str, str]:
    claim, parts = CLAIMS[family]
    traits = [(judge, expected, judge(one, fastest)) for judge, expected in parts] if one is not None else []
    known = [trait.holds == expected for _, expected, trait in traits if trait.holds is not None]
    if len(known) < len(parts):
        return _said(family, claim, "not measured", f"{family}, “{claim}”: not measured.")
    verdict = "confirmed" if all(known) else "in part" if any(known) else "refuted"
    found = "; ".join(f"it {_WORDS[judge][not trait.holds]} ({trait.said})" for judge, _, trait in traits)
    return _said(family, claim, verdict, f"{family}, “{claim}”: {verdict}: {found}.")


def _trilemma(found: Sequence[Standing], fastest: float | None) -> dict[str, str]:
    claim = "no generator is good, covering and fast at once"
    rivals = [one for one in found if not one.line["control"] and one.quality is not None]
    if not rivals or fastest is None:
        return _said("all", claim, "not measured", f"All, “{claim}”: not measured.")
    judged = [(one, [judge(one, fastest) for judge in (_good, _covers, _fast)]) for one in rivals]
    winners = [(one, traits) for one, traits in judged if all(trait.holds for trait in traits)]
    verdict = "refuted" if any(not one.copies for one, _ in winners) else "confirmed"
    by = "; ".join(
        f"{one.name}{', though it copies' if one.copies else ''} ({'; '.join(trait.said for trait in traits)})"
        for one, traits in winners
    )
    reached = f"all three are reached by {by}" if winners else "none reaches all three"
    return _said("all", claim, verdict, f"All, “{claim}”: {verdict}: {reached}.")


def _said(family: str, claim: str, verdict: str, sentence: str) -> dict[str, str]:
    return {"family": family, "claim": claim, "verdict": verdict, "sentence": sentence}


def _of(share: float | None) -> str:
    return "not measured" if share is None else f"{percent(share, 0)} of fresh real"
