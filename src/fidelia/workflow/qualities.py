"""Six short questions to a pair of tables, each a view of the one catalogue.

>>> import fidelia as fd
>>> fd.fidelity("real.csv", "synthetic.csv", holdout="unseen.csv")  # doctest: +SKIP
>>> fd.privacy("real.csv", "synthetic.csv", known=["age", "zip"], secret="diagnosis")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fidelia.errors import UsageError
from fidelia.measure.catalog import Declined, measure
from fidelia.progress import SILENT, Progress
from fidelia.report.words import compare as compared
from fidelia.report.words import label
from fidelia.schema.kinds import Role
from fidelia.workflow.cases import alike, as_case, as_table

if TYPE_CHECKING:
    import pandas as pd

    from fidelia.measure.case import Case
    from fidelia.measure.generations.compare import Comparison
    from fidelia.measure.result import Result

CODES = {
    "fidelity": ("FID01", "FID02", "FID07", "FID08", "FID10", "FID16", "AUT05"),
    "utility": ("UTL10", "FID26", "UTL01", "UTL03"),
    "privacy": ("PRV14", "PRV15", "PRV05", "AUT02", "AUT05"),
    "completeness": ("CMP02", "CMP03", "CMP09"),
    "stability": ("STB01", "STB02"),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """One kind of quality of one synthetic table: its numbers, each beside what fresh real rows get.

    Parameters
    ----------
    name : str
        "fidelity", "utility", "privacy", "completeness" or "stability".
    results : tuple of Result
    declined : tuple of Declined
        What could not be measured, and why.
    """

    name: str
    results: tuple[Result, ...]
    declined: tuple[Declined, ...]

    def __getitem__(self, code: str) -> Result:
        """Return one result by its code."""
        for result in self.results:
            if result.code == code.upper():
                return result
        reasons = {said.code: said.reason for said in self.declined}
        raise UsageError(f"{code} was not computed: {reasons.get(code, 'it was not asked for')}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as in results.json."""
        return {
            "quality": self.name,
            "results": [result.to_dict() for result in self.results],
            "not_computed": [{"code": said.code, "reason": said.reason} for said in self.declined],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number: value, interval, what fresh real rows get, and the reading in words."""
        import pandas as pd

        return pd.DataFrame([_line(result) for result in self.results]).set_index("code")

    def __str__(self) -> str:
        lines = [f"{self.name} of the synthetic table, beside fresh real rows"]
        rows = [_line(result) for result in self.results]
        width = max((len(row["measure"]) for row in rows), default=0)
        lines += [f"  {_said(row, width)}" for row in rows]
        lines += [f"  {said.code}  not measured: {said.reason}" for said in self.declined]
        return "\n".join(lines)

    __repr__ = __str__


def _line(result: Result) -> dict[str, Any]:
    low, high = result.interval or (None, None)
    return {
        "code": result.code,
        "measure": label(result.code, result.name).title,
        "value": result.value,
        "low": low,
        "high": high,
        "fresh_real": None if result.reference is None else result.reference.value,
        "reading": compared(result.to_dict()).text,
    }


def _said(row: Mapping[str, Any], width: int) -> str:
    value, fresh = (f"{row[key]:8.4f}" if row[key] is not None else "       –" for key in ("value", "fresh_real"))
    return f"{row['code']}  {row['measure']:<{width}} {value}  fresh real {fresh}  {row['reading']}"


def fidelity(train: Any, synthetic: Any, **settings: Any) -> Quality:
    """Ask whether the synthetic rows look like the real ones: shapes, trends, and exact matches read as copying.

    Parameters
    ----------
    train, synthetic : path, dataframe or Table
        The real rows that were learnt from, and the synthetic rows; with the same columns.
    **settings
        ``holdout`` (real rows that the generator never saw: give them whenever there are any), ``target``,
        ``kinds``, ``seed``, ``embedding`` and ``progress``, as in `fidelia.evaluate`.

    Returns
    -------
    Quality
    """
    return _view("fidelity", _case(train, synthetic, **settings))


def utility(train: Any, synthetic: Any, **settings: Any) -> Quality:
    """Ask whether analyses and models come out alike: column tests, a two-sample classifier, train on synthetic.

    Parameters as in `fidelity`; without a target only the tests are made.
    """
    return _view("utility", _case(train, synthetic, **settings))


def privacy(
    train: Any, synthetic: Any, *, known: Sequence[str] = (), secret: str | Sequence[str] | None = None, **settings: Any
) -> Quality:
    """Ask what the synthetic rows give away: a sensitive field from key fields, membership, copies.

    Parameters
    ----------
    known : sequence of str
        The columns that an attacker knows of a person; empty for all but the secret.
    secret : str, sequence of str or None
        The columns that the attacker wants to learn; None for those declared sensitive, else the target, else each
        column in turn.

    Other parameters as in `fidelity`.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> train, holdout, made = (real.take(range(i, i + 200)) for i in (0, 200, 400))  # here "made" are fresh real rows
    >>> found = fd.privacy(train, made, holdout=holdout, known=["age", "sex"], secret="income")
    >>> found["AUT05"].value
    0.0
    """
    case = _case(train, synthetic, **settings)
    for name in known:
        case.schema[name]
    secrets = [secret] if isinstance(secret, str) else list(secret or ())
    if both := sorted(set(known) & set(secrets)):
        raise UsageError(f"column {both[0]!r} is both known and secret; name it once")
    return _view("privacy", replace(_with_secrets(case, secrets), known=tuple(known)))


def completeness(train: Any, synthetic: Any, **settings: Any) -> Quality:
    """Ask whether as much is missing as in the real rows, in the same columns, and together. See `fidelity`.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> train, holdout, made = (real.take(range(i, i + 200)) for i in (0, 200, 400))  # here "made" are fresh real rows
    >>> found = fd.completeness(train, made, holdout=holdout)
    >>> [result.code for result in found.results]
    ['CMP02', 'CMP03', 'CMP09']
    """
    return _view("completeness", _case(train, synthetic, **settings))


def stability(train: Any, generations: Sequence[Any], **settings: Any) -> Quality:
    """Ask whether a generator makes the same distribution every time: KS and PSI per field over generations.

    Parameters
    ----------
    generations : sequence of path, dataframe or Table
        Two or more synthetic tables of one generator: other seeds, releases or batches.

    Other parameters as in `fidelity`.

    Examples
    --------
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult"), target="income")
    >>> train, holdout, made = (real.take(range(i, i + 200)) for i in (0, 200, 400))  # here "made" are fresh real rows
    >>> found = fd.stability(train, [holdout, made])
    >>> found["STB02"].value < 0.3
    True
    """
    if len(generations) < 2:
        raise UsageError(f"stability compares synthetic tables with each other; {len(generations)} given, 2 needed")
    case = _case(train, generations[0], **settings)
    further = tuple(alike(table, case.train, f"synthetic table {i}") for i, table in enumerate(generations[1:], 2))
    return _view("stability", replace(case, generations=further))


def compare(
    train: Any,
    tables: Mapping[str, Any],
    *,
    codes: Iterable[str] | None = None,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    **settings: Any,
) -> Comparison:
    """Compare generators by the synthetic tables that they made: which is best, and how sure is that?

    Parameters
    ----------
    tables : mapping of str to table or sequence of tables
        By generator, one synthetic table or several of them; several show how much a score depends on the seed.
    codes : iterable of str or None
        Which metrics; None for a panel over all qualities.
    costs : mapping or None
        By generator, what it costs: ``{"trees": {"seconds": 4.8, "bytes": 1.4e6}}``.

    Other parameters as in `fidelity`.
    """
    from fidelia.measure.generations.compare import compare as compare_cases

    sets = {name: list(found) if isinstance(found, list | tuple) else [found] for name, found in tables.items()}
    empty = [name for name, found in sets.items() if not found]
    if not sets or empty:
        raise UsageError(f"no synthetic table given for {empty[0]!r}" if empty else "no synthetic tables to compare")
    progress: Progress = settings.pop("progress", SILENT)
    real = as_table(train, target=settings.pop("target", None), kinds=settings.pop("kinds", None))
    holdout = settings.pop("holdout", None)
    fresh = None if holdout is None else alike(holdout, real, "holdout")
    cases = {
        name: [as_case(real, table, fresh, target=None, kinds=None, seed=settings.get("seed", 0)) for table in found]
        for name, found in sets.items()
    }
    return compare_cases(cases, codes=codes, costs=costs, progress=progress)


def _case(
    train: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    seed: int = 0,
    embedding: Any = None,
    progress: Progress = SILENT,
) -> Case:
    return as_case(
        train, synthetic, holdout, target=target, kinds=kinds, seed=seed, embedding=embedding, progress=progress
    )


def _with_secrets(case: Case, secrets: Sequence[str]) -> Case:
    """Return the case with these columns declared sensitive."""
    if not secrets:
        return case
    schema = case.schema.with_roles(dict.fromkeys(secrets, Role.SENSITIVE), drop=Role.SENSITIVE)
    sides = {
        name: None if table is None else table.with_schema(schema)
        for name, table in (("train", case.train), ("synthetic", case.synthetic), ("holdout", case.holdout))
    }
    return replace(case, **sides)  # type: ignore[arg-type]


def _view(name: str, case: Case) -> Quality:
    results, declined = measure(case, CODES[name])
    return Quality(name, tuple(results), tuple(declined))
