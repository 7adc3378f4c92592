"""A forest for few rows beside many of another domain: trees may ask which domain a row is of, and share the rest.

The domain is drawn first, so that every tree can split on it wherever the two domains differ; where none does, both
share leaves, in which the rows of both count. Then the domain is fixed. Columns that the other domain has not are
learnt from the few rows alone, given all others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fidelia.encode.codes import Coded, CodedColumn, Continuous, Discrete
from fidelia.generate.forest.columns import Floats, check
from fidelia.generate.forest.fit import Params, Prepared, fit_part, in_order, prepare
from fidelia.generate.forest.fixed import fixed
from fidelia.generate.forest.model import Forest
from fidelia.generate.forest.order import association, column_order, screened
from fidelia.generate.forest.part import Part
from fidelia.progress import Tick
from fidelia.rng import Rng


def fit_beside(own: Coded, others: Coded, params: Params, *, rng: Rng, tick: Tick) -> Forest:
    """Fit a forest of the domain of `own`.

    Parameters
    ----------
    own : Coded
        The few rows, with all columns.
    others : Coded
        The many rows, in the same coding, with some of the columns.
    params, rng, tick
        As in `fit`; `tick` is told of every column of `own` that is done.
    """
    n = check(own)
    shared = [name for name in own if name in others.columns]
    both = {name: _joined(own[name], others[name]) if name in shared else own[name] for name in own}
    prepared = [prepare(name, both[name], params, rng.child(f"prepare/{i}").generator()) for i, name in enumerate(own)]
    mine = [_first(column, n) for column in prepared]
    domain = _domain(n, len(others))
    strength, order = _order(prepared, mine, [name in shared for name in own], rng)

    def one(place: int) -> Part:
        target = order[place]
        chosen = screened(strength, target, order[:place], params.most_predictors(len(order)))
        draw = rng.child(f"grow/{target}").generator()
        if prepared[target].name in shared:
            return fit_part([*prepared, domain], target, [*chosen, len(prepared)], params, draw)
        return fit_part(mine, target, chosen, params, draw)

    parts = in_order(order, one, params.workers, tick)
    last = fit_part([domain], 0, [], params, rng.child("domain").generator())
    return fixed(Forest([*parts, last], [len(parts), *order]), 1)


def _joined(own: CodedColumn, others: CodedColumn) -> CodedColumn:
    if isinstance(own, Discrete) and isinstance(others, Discrete):
        return replace(own, codes=np.concatenate([own.codes, others.codes]))
    assert isinstance(own, Continuous) and isinstance(others, Continuous)
    return replace(own, values=np.concatenate([own.values, others.values]))


def _domain(own: int, others: int) -> Prepared:
    codes = np.repeat([1, 0], [own, others])
    return Prepared("", Discrete(codes.astype(np.int32), 2), None, codes, np.ones(len(codes), bool))


def _first(it: Prepared, n: int) -> Prepared:
    """The same column of the first n rows."""
    column = it.column
    head: CodedColumn
    if isinstance(column, Discrete):
        head = replace(column, codes=column.codes[:n])
    else:
        head = replace(column, values=column.values[:n])
    return replace(it, column=head, codes=it.codes[:n], observed=it.observed[:n])


def _order(prepared: list[Prepared], mine: list[Prepared], shared: list[bool], rng: Rng) -> tuple[Floats, list[int]]:
    """Return the association of all columns, and their order: the shared ones first."""
    strength = association([column.codes for column in mine], rng.child("order/own").generator())
    old, new = (np.flatnonzero(np.array(shared, bool) == kind) for kind in (True, False))
    if len(old):
        among = association([prepared[i].codes for i in old], rng.child("order").generator())
        strength[np.ix_(old, old)] = among
    ranked = column_order(strength)
    return strength, [i for i in ranked if shared[i]] + [i for i in ranked if i in set(new)]
