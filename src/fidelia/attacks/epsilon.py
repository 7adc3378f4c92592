"""What attacks on membership imply: a lower bound on epsilon, and the risk of the rows that stand out most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.attacks.membership import attacks, candidates, caveats, distances, guess, scored, sizes
from fidelia.attacks.scored import FALSE_POSITIVES, Bound, alarm, audited
from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result

if TYPE_CHECKING:
    from fidelia.measure.case import Case

OUTLIERS = 0.1


def epsilon(case: Case) -> Result:
    """PRV09: the lower bound on epsilon that the best of four attacks implies, with every attack's rates.

    Attack and threshold are chosen on one half of the rows and the bound is taken on the other. A small bound is no
    proof of privacy: a better attack may raise it.
    """
    bound = release_bound(case)
    few = _too_few(len(candidates(case).others))
    return Result(
        value=bound.value,
        interval=(bound.value, bound.high),
        reference=Reference(0.0, 0.0, bound.others, "holdout"),
        n=sizes(case),
        caveats=(*caveats(case), *few),
        breakdown={
            **alarm(bound.value, (bound.value, bound.high)),
            **told(bound),
            "lines": [attack.line() for attack in (*attacks(case), scored(case, "blind"))],
        },
    )


def release_bound(case: Case, level: float = 0.95) -> Bound:
    """Return the bound that the synthetic rows at hand imply, at this confidence."""
    return case.once(f"attacks/bound/{level}", lambda c: audited(attacks(c), c.rng.child("PRV09"), level=level))


def told(bound: Bound) -> dict[str, Any]:
    """Return a bound for a breakdown."""
    return {
        "attack": bound.attack,
        "caught": bound.caught,
        "accused": bound.accused,
        "members": bound.members,
        "non_members": bound.others,
        "most": bound.most,
        "confidence": bound.level,
    }


def _too_few(others: int) -> tuple[Caveat, ...]:
    """Say which false positive rates so few non-members cannot show."""
    rate = min(FALSE_POSITIVES)
    if others * rate >= 10:
        return ()
    short = ", ".join(f"{r:.1%}" for r in FALSE_POSITIVES if others * r < 1)
    text = f"{others:,} non-members are judged; a rate of {rate:.1%} false positives stands on {others * rate:.1f} rows"
    return (Caveat("FEW_NON_MEMBERS", f"{text}{f', and cannot be shown at {short}' if short else ''}."),)


def outliers(case: Case) -> Result:
    """PRV10: the attacks on the tenth of the rows that lie farthest from all others, who are the easiest to find.

    How far out a row lies is its distance to its fifth nearest row among the attacker's own, so that members and
    non-members are chosen alike.
    """
    far = distances(case).reference[:, -1]
    out = far >= np.quantile(far, 1 - OUTLIERS)
    members = len(candidates(case).members)
    inside, outside = out[:members], out[members:]
    if min(inside.sum(), outside.sum()) < 2:
        raise NotApplicable("TOO_FEW_ROWS", f"{inside.sum()} members and {outside.sum()} non-members are outliers")
    found = [attack.within(inside, outside) for attack in attacks(case)]
    main = found[0]
    bound = audited(found, case.rng.child("PRV10"))
    return Result(
        value=main.auc.value,
        interval=main.interval,
        reference=guess(main),
        n={**sizes(case), "train": len(main.members), "holdout": len(main.others)},
        caveats=caveats(case),
        breakdown={
            **main.alarm(),
            "epsilon": bound.value,
            "lines": [attack.line() for attack in found],
        },
    )
