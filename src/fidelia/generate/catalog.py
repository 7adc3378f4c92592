"""The Generator protocol, and the names under which generators are found."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from fidelia.errors import MissingExtra, UsageError
from fidelia.progress import SILENT, Progress
from fidelia.schema.schema import closest

if TYPE_CHECKING:
    import numpy as np

    from fidelia.data.table import Table
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

GROUP = "fidelia.generators"
DEEP = "deep"
"""The group of optional dependencies that networks need."""
DEFAULT, OF_PICTURES = "trees", "image-"
"""The generator of who names none, and how the names of those that learn pictures begin."""
DEFAULT_PICTURES = "image-vae"
"""A classifier learns most from its digits, and it trains in minutes (benchmarks/images.py)."""


@dataclass(frozen=True, slots=True)
class State:
    """What a fitted generator is made of: JSON values and named arrays; never code, never training rows."""

    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@runtime_checkable
class Generator(Protocol):
    """Learns a table and draws new rows like it.

    The constructor only stores its parameters, under their own names; what is learnt ends in an underscore.
    """

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Learn from `table`, which is left unchanged, and return self."""
        ...

    def sample(
        self, n: int, *, given: Given | None = None, rng: Rng, progress: Progress = SILENT, first: int = 0
    ) -> Table:
        """Draw `n` rows with the columns, order and types of the training table.

        Parameters
        ----------
        n : int
            How many rows; 0 is allowed.
        given : Given or None
            Conditions that every row obeys exactly.
        first : int
            Position of the first row in a longer draw; ids made anew continue from there.
        """
        ...

    def state(self) -> State:
        """Return all that `restore` needs."""
        ...

    @classmethod
    def restore(cls, state: State) -> Self:
        """Make a fitted generator from what `state` returned; raise BundleError when it cannot be one."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A generator that can be continued on a small table of another domain."""

    def tuned(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:
        """Return a generator of `table` that keeps what it knows of the columns that they share; self is unchanged.

        Its rows have the shared columns first, in the order of this generator's table, then those of `table` alone.

        Raises
        ------
        SchemaError
            When they have no column in common.
        NotApplicable
            When it cannot be continued on this table.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalog.

    Parameters
    ----------
    name : str
        What users write.
    where : str
        ``"module:Class"``.
    summary : str
        One sentence for people.
    extra : str or None
        The optional dependency group that it needs.
    """

    name: str
    where: str
    summary: str
    extra: str | None = None


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "trees",
        "fidelia.generate.trees:Trees",
        "One tree per column given the columns before it; the default.",
    ),
    Entry("chowliu", "fidelia.generate.chowliu:ChowLiu", "The best tree of column pairs; exact and instant."),
    Entry("copula", "fidelia.generate.copula:GaussianCopula", "Normal scores with one correlation matrix."),
    Entry(
        "marginals",
        "fidelia.generate.marginals:Marginals",
        "Independent columns: the baseline that knows no pairs.",
    ),
    Entry(
        "noisy-copy",
        "fidelia.generate.noisy_copy:NoisyCopy",
        "Training rows plus noise: the baseline that privacy scores must catch.",
    ),
    Entry(
        "autoregressive",
        "fidelia.generate.deep.autoregressive:Autoregressive",
        "One network for every column given any others: exact conditions, imputation, density.",
        "deep",
    ),
    Entry(
        "diffusion",
        "fidelia.generate.deep.diffusion:Diffusion",
        "Noise removed step by step, numbers and categories together.",
        "deep",
    ),
    Entry(
        "ddgan",
        "fidelia.generate.deep.ddgan:DenoisingDiffusionGAN",
        "Diffusion in four large steps, each drawn by an adversarial network.",
        "deep",
    ),
    Entry("vae", "fidelia.generate.deep.vae:VAE", "A variational autoencoder with mixed likelihoods.", "deep"),
    Entry(
        "gan",
        "fidelia.generate.deep.gan:GAN",
        "A conditional Wasserstein GAN; with identifiability > 0 an ADS-GAN.",
        "deep",
    ),
    Entry(
        "image-vae",
        "fidelia.generate.deep.images.vae:ImageVAE",
        "Pictures by class from a convolutional variational autoencoder; fast, and the default for pictures.",
        "deep",
    ),
    Entry(
        "image-diffusion",
        "fidelia.generate.deep.images.diffusion:ImageDiffusion",
        "Pictures by class from noise that a U-Net removes step by step.",
        "deep",
    ),
    Entry(
        "image-latent",
        "fidelia.generate.deep.images.latent:LatentDiffusion",
        "Pictures by class from a diffusion of an autoencoder's codes: sampled fast.",
        "deep",
    ),
    Entry(
        "image-ddgan",
        "fidelia.generate.deep.images.ddgan:ImageDDGAN",
        "Pictures by class in four large steps of diffusion, each drawn by an adversarial network.",
        "deep",
    ),
    Entry(
        "image-gan",
        "fidelia.generate.deep.images.gan:ImageGAN",
        "Pictures by class from a convolutional Wasserstein GAN with gradient penalty.",
        "deep",
    ),
)


def entries(*, pictures: bool | None = None) -> dict[str, Entry]:
    """Return every known generator by name; other packages add theirs through the entry point group.

    Parameters
    ----------
    pictures : bool or None
        Those of pictures alone, or those of tables.
    """
    found = {entry.name: entry for entry in ENTRIES}
    for point in entry_points(group=GROUP):
        found.setdefault(
            point.name,
            Entry(point.name, point.value, f"From {point.dist.name if point.dist else point.module}."),
        )
    return {name: entry for name, entry in found.items() if pictures in (None, name.startswith(OF_PICTURES))}


def known(name: str) -> Entry:
    """Return the entry of the generator called `name`, importing nothing.

    Raises
    ------
    UsageError
        When there is none of that name.
    MissingExtra
        When it is a network and torch is not installed.
    """
    there = entries()
    if name not in there:
        raise UsageError(f"no generator {name!r}{closest(name, there)} (there are: {', '.join(there)})")
    if there[name].extra == DEEP and find_spec("torch") is None:
        raise MissingExtra(f"generator {name!r}", DEEP)
    return there[name]


def find(name: str) -> type[Generator]:
    """Return the class of the generator called `name`, importing only its module; raises as `known`."""
    module, _, attribute = known(name).where.partition(":")
    found: type[Generator] = getattr(import_module(module), attribute)
    return found


def suited(name: str, *, pictures: bool) -> str:
    """Return the generator that is meant by a name where the rows are pictures, or where they are not.

    For pictures ``vae`` means ``image-vae``, and the default of tables that of pictures.

    Raises
    ------
    UsageError
        When the generator learns the other kind, or there is none of that name.
    """
    able = entries(pictures=pictures)
    wanted = [name, OF_PICTURES + name, *([DEFAULT_PICTURES] if name == DEFAULT else [])] if pictures else [name]
    for one in wanted:
        if one in able:
            return one
    known(name)
    learns, given = ("tables", "pictures were") if pictures else ("pictures", "a table was")
    raise UsageError(f"generator {name!r} learns {learns}, and {given} given; choose one of: {', '.join(able)}")


def create(name: str, **parameters: Any) -> Generator:
    """Return a new, unfitted generator.

    Raises
    ------
    UsageError
        When the name or a parameter does not exist.
    """
    kind = find(name)
    if unknown := _unknown(kind, parameters):
        known = list(inspect.signature(kind).parameters)
        raise UsageError(
            f"generator {name!r} has no setting {unknown!r}{closest(unknown, known)} (there are: {', '.join(known)})"
        )
    try:
        return kind(**parameters)
    except TypeError as error:
        raise UsageError(f"generator {name!r}: {error}") from error


def _unknown(kind: type[Generator], parameters: Iterable[str]) -> str | None:
    """The first parameter that the generator does not take."""
    known = inspect.signature(kind).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    return None if takes_all else next((name for name in parameters if name not in known), None)
