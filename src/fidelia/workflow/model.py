"""Model: a fitted generator with its schema, ready to draw, save and load."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fidelia.data.images.imageset import ImageSet, picture_column
from fidelia.errors import UsageError
from fidelia.generate import bundle
from fidelia.generate.balance import Balance, balance_from
from fidelia.generate.catalog import Generator, create, suited
from fidelia.generate.conditions import Given, given_from
from fidelia.generate.effort import UNLIMITED, Effort, takes_effort
from fidelia.generate.sampling import sample, stream
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.schema.schema import Schema

log = logging.getLogger(__name__)

Conditions = Given | Mapping[str, Any] | Sequence[str] | None
Shares = Balance | str | Mapping[str, Mapping[Any, float]] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A generator that has learnt a table.

    Parameters
    ----------
    name : str
        The generator's name in the catalog.
    generator : Generator
        Fitted.
    schema : Schema
        Of the training table.
    about : mapping
        How it came to be: seed, rows, hash of the training table. No rows.
    """

    name: str
    generator: Generator
    schema: Schema
    about: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Model({self.name}, {len(self.schema)} columns, learnt from {self.about.get('rows', '?')} rows)"

    def sample(
        self, n: int, *, given: Conditions = None, balance: Shares = None, seed: int = 0, progress: Progress = SILENT
    ) -> Any:
        """Draw rows as the flavour of frame that the model was fitted on (pandas where it was a file), or pictures.

        Parameters
        ----------
        n : int
            How many rows.
        given : mapping, sequence of str, Given or None
            Conditions that every row obeys: ``{"sex": "Female", "age": (30, 40)}`` or ``["sex=Female", "age=30..40"]``.
        balance : str, mapping, Balance or None
            Other shares of the levels of one column: ``"income"`` for all alike, ``{"income": {">50K": 0.5}}``.
        seed : int
            The same seed draws the same rows.

        Returns
        -------
        dataframe or ImageSet
            Pictures of a model that has learnt pictures.

        Raises
        ------
        UsageError
            When `n` is negative, or a condition names no column, no level, or cannot hold.
        """
        drawn = self.sample_table(n, given=given, balance=balance, seed=seed, progress=progress)
        return drawn.native() if picture_column(self.schema) is None else ImageSet.of(drawn)

    def sample_table(
        self, n: int, *, given: Conditions = None, balance: Shares = None, seed: int = 0, progress: Progress = SILENT
    ) -> Table:
        """Draw rows as a Table; see `sample`."""
        return sample(
            self.generator,
            n,
            given=given_from(given, self.schema),
            balance=balance_from(balance),
            rng=Rng(seed).child("sample"),
            progress=progress,
        )

    def stream(self, n: int, *, given: Conditions = None, balance: Shares = None, seed: int = 0) -> Iterator[Table]:
        """Draw the rows of `sample` in batches, in bounded memory."""
        return stream(
            self.generator,
            n,
            given=given_from(given, self.schema),
            balance=balance_from(balance),
            rng=Rng(seed).child("sample"),
        )

    def impute(self, rows: Any, *, seed: int = 0) -> Any:
        """Fill the missing cells of `rows` by draws given all their other cells; see `impute_table`.

        Parameters
        ----------
        rows : path, dataframe or Table
            With the columns that the generator has learnt.
        seed : int
            Other seeds give other draws: fill several times to carry the uncertainty on (multiple imputation).

        Returns
        -------
        dataframe
            Of the flavour of `rows`, its observed cells unchanged.

        Raises
        ------
        UsageError
            When the generator cannot impute.
        """
        return self.impute_table(rows, seed=seed).native()

    def impute_table(self, rows: Any, *, seed: int = 0) -> Table:
        """Fill missing cells, as a Table."""
        impute = self._able("impute", "fill missing cells")
        table: Table = impute(self._alike(rows), rng=Rng(seed).child("impute"))
        return table

    def log_density(self, rows: Any, *, seed: int = 0, orders: int = 1) -> NDArray[np.float64]:
        """Return the natural log likelihood of each row, (n,).

        Parameters
        ----------
        rows : path, dataframe or Table
            With the columns that the generator has learnt.
        orders : int
            Orders of the columns over which the likelihood is averaged.

        Raises
        ------
        UsageError
            When the generator has no density.
        """
        density = self._able("log_density", "say how likely a row is")
        found: NDArray[np.float64] = density(self._alike(rows), rng=Rng(seed).child("density"), orders=orders)
        return found

    def _able(self, method: str, what: str) -> Any:
        found = getattr(self.generator, method, None)
        if found is None:
            raise UsageError(f"{self.name} cannot {what}; fit with generator='autoregressive', which can")
        return found

    def _alike(self, rows: Any) -> Table:
        from fidelia.data.align import align
        from fidelia.data.read import read
        from fidelia.data.table import Table

        like = self.generator.sample(0, rng=Rng(0))
        return align(rows if isinstance(rows, Table) else read(rows), like, "rows")

    def save(self, path: str | Path) -> None:
        """Write the model to a bundle: JSON and arrays, no code, no training rows; atomic."""
        bundle.save(path, generator_name=self.name, generator=self.generator, schema=self.schema, about=self.about)


def fit_table(
    table: Table,
    *,
    generator: str = "trees",
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
    effort: Effort = UNLIMITED,
    progress: Progress = SILENT,
) -> Model:
    """Fit a new generator of that name on `table`, within `effort` where it can be limited.

    Where the table carries pictures, `vae` is ``image-vae``, see `fidelia.generate.catalog.suited`.
    """
    name = suited(generator, pictures=picture_column(table.schema) is not None)
    fitted = learnt(create(name, **(parameters or {})), table, Rng(seed).child("fit"), effort, progress)
    facts = {"seed": seed, "rows": len(table), "parameters": dict(parameters or {}), **(about or {})}
    return Model(name, fitted, table.schema, facts)


def learnt(generator: Generator, table: Table, rng: Rng, effort: Effort, progress: Progress) -> Generator:
    """Fit a generator; one that takes seconds has no limits to obey."""
    if takes_effort(generator):
        return generator.fit(table, rng=rng, progress=progress, effort=effort)  # type: ignore[call-arg]
    if effort.seconds is not None:
        log.info("%s takes no time limit: it is as fast as it can be", type(generator).__name__)
    return generator.fit(table, rng=rng, progress=progress)


def load(path: str | Path) -> Model:
    """Read a model that `Model.save` wrote.

    Raises
    ------
    BundleError
        When the file is damaged, unsafe or of an unknown format.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import fidelia as fd
    >>> real = fd.read(fd.sample_path("adult")).take(range(200))
    >>> model = fd.fit(real, generator="marginals", seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(Path(folder) / "m.fidelia")
    ...     same = fd.load(Path(folder) / "m.fidelia")
    >>> same.sample(5, seed=1).equals(model.sample(5, seed=1))
    True
    """
    found = bundle.load(path)
    return Model(found.generator_name, found.generator, found.schema, found.about)
