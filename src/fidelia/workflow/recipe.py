"""Recipe: all that a run needs to be done again, as TOML."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fidelia.data.images.imageset import picture_column
from fidelia.data.write import atomic
from fidelia.errors import DataError, UsageError
from fidelia.generate.catalog import suited

if TYPE_CHECKING:
    from fidelia.data.table import Table

FORMAT = 1
AUTO, RACE = "auto", "A race of them; the best that does not copy is kept. Give it a time limit."
"""The generator of who lets all compete, see `fidelia.workflow.race`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The arguments of `fidelia.run`.

    Parameters
    ----------
    source : str
        Path of the data, or the name of a shipped sample.
    target : str or None
        The column to predict.
    kinds : dict
        Corrections of the guessed kinds.
    sensitive : list of str
        Columns whose groups are to be treated alike.
    holdout : float
        Share of rows set aside for measuring.
    by, time : str or None
        Split by entity or by time.
    generator, parameters : str, dict
        Which generator, and its settings.
    n : int or None
        Rows to draw; None for as many as were learnt from.
    seed : int
        The one seed.
    given : list of str
        Conditions on the rows drawn.
    balance : str or None
        Other shares of the levels of one column, see `fidelia.generate.balance`.
    time_limit : float or None
        Seconds that learning may take.
    curate : bool
        Choose among more rows, where that brings them nearer to real ones.
    size : list of int or None
        Height and width that all pictures are brought to.
    edition : str
        ``"shareable"`` or ``"internal"``.

    Examples
    --------
    >>> Recipe("adult.csv", target="income").to_toml().splitlines()[2:5]
    ['source = "adult.csv"', 'target = "income"', 'sensitive = []']
    """

    source: str
    target: str | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    sensitive: list[str] = field(default_factory=list)
    holdout: float = 0.2
    by: str | None = None
    time: str | None = None
    generator: str = "trees"
    parameters: dict[str, Any] = field(default_factory=dict)
    n: int | None = None
    seed: int = 0
    given: list[str] = field(default_factory=list)
    balance: str | None = None
    time_limit: float | None = None
    curate: bool = False
    size: list[int] | None = None
    edition: str = "shareable"

    def suited(self, table: Table) -> Self:
        """Return the recipe with the generator that its name means for the rows, or the pictures, of a table.

        Raises
        ------
        UsageError
            When it learns the other kind, or there is none of that name.
        """
        shown = picture_column(table.schema) is not None
        if self.generator != AUTO:
            return replace(self, generator=suited(self.generator, pictures=shown))
        if shown:
            raise UsageError("a race compares columns, and pictures have none; choose one of their generators")
        return self

    def to_toml(self) -> str:
        """Return the recipe as a TOML document; what is None is left out."""
        lines = ["# Run it again with: fidelia run recipe.toml", f"format = {FORMAT}"]
        tables = []
        for name, value in asdict(self).items():
            if isinstance(value, dict):
                tables += [f"\n[{name}]", *(f"{_quote(k)} = {_toml(v)}" for k, v in value.items())] if value else []
            elif value is not None:
                lines.append(f"{name} = {_toml(value)}")
        return "\n".join([*lines, *tables, ""])

    def save(self, path: str | Path) -> None:
        """Write the recipe to `path`, atomically."""
        with atomic(path) as temporary:
            temporary.write_text(self.to_toml(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a recipe.

        Raises
        ------
        DataError
            When the file is no recipe, or names a setting that does not exist.
        """
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise DataError(f"{path}: not a recipe: {error}") from error
        if (form := document.pop("format", None)) != FORMAT:
            raise DataError(f"{path}: recipe format {form!r} is not known; this version reads {FORMAT}")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(document) - known):
            raise DataError(f"{path}: no setting {unknown[0]!r}; there are {', '.join(sorted(known))}")
        if "source" not in document:
            raise DataError(f"{path}: a recipe needs a source, the path of the data")
        return cls(**document)


def _toml(value: Any) -> str:
    """JSON's strings, numbers, booleans and lists are TOML's too, but for one character that TOML wants escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quote(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _quote(name: str) -> str:
    return _toml(name)
