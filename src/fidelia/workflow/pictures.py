"""The sides of a case of pictures: read, brought to one shape, and given the same columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fidelia.data.images.imageset import pictures
from fidelia.data.images.read import read_images
from fidelia.errors import ReadError, SchemaError
from fidelia.measure.case import Case
from fidelia.measure.images.choose import embedding as embedding_of
from fidelia.measure.images.extractor import extracted
from fidelia.measure.images.random_convolutions import RandomConvolutions
from fidelia.measure.space.choose import with_embedding
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fidelia.data.images.imageset import ImageSet
    from fidelia.data.table import Table
    from fidelia.generate.catalog import Generator

LEARNS_LABELS = "cnn"


def picture_case(
    train: Any,
    synthetic: Any,
    holdout: Any,
    *,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    embedding: Any = None,
    progress: Progress = SILENT,
) -> tuple[Case, tuple[str, ...]]:
    """Read the pictures of a case.

    Parameters
    ----------
    train, synthetic, holdout : whatever `fidelia.read_images` reads
        `holdout` may be None.
    size : int, (int, int) or None
        Bring all pictures to this height and width.
    embedding
        An extractor, as in `fidelia.measure.images.choose.embedding`, or features of each side.

    Returns
    -------
    case : Case
    notes : tuple of str
        What is to be said of the pictures: broken files, labels that are not on all sides.

    Raises
    ------
    SchemaError
        When the sides differ in size.
    """
    given = {"train": train, "synthetic": synthetic, "holdout": holdout}
    sides: dict[str, ImageSet] = {}
    with progress.stage("read", len(given)) as tick:
        for name, source in given.items():
            if source is not None:
                sides[name] = _read(source, name, size)
            tick(1)
    notes = [f"{name}: {note}" for name, shown in sides.items() for note in shown.notes]
    labelled = sides["train"]
    sides = _one_shape(sides, notes)
    rng = Rng(seed).child("measure")
    if isinstance(embedding, str) and embedding == LEARNS_LABELS:  # train's labels serve, whoever else has none
        shown = labelled if labelled.shape == sides["train"].shape else labelled.in_colour()
        embedding = embedding_of(embedding, shown.table(), rng.child("embedding"))
    tables = {name: shown.table() for name, shown in _one_schema(sides, notes).items()}
    case = Case(tables["train"], tables["synthetic"], tables.get("holdout"), rng, progress)
    return with_embedding(case, embedding), tuple(notes)


def one_kind(sources: Mapping[str, Any], *, labels: bool = True) -> dict[str, ImageSet]:
    """Read the pictures of each side, brought to one shape and with labels on all sides or none.

    Raises
    ------
    SchemaError
        When the sides differ in size.
    """
    sides = {name: _read(source, name, None) for name, source in sources.items()}
    sides = _one_shape(sides, [])
    return _one_schema(sides if labels else {name: shown.without_labels() for name, shown in sides.items()}, [])


def featured(table: Table) -> Table:
    """Return a table of pictures with the features of the default extractor, which go where the rows go."""
    return replace(table, features=extracted(RandomConvolutions(), pictures(table))) if len(table) else table


@dataclass(frozen=True, slots=True)
class Featured:
    """A generator of pictures that come with their features."""

    generator: Generator

    def sample(self, n: int, *, rng: Rng, first: int = 0) -> Table:
        """Draw `n` pictures; see `fidelia.generate.catalog.Generator`."""
        return featured(self.generator.sample(n, rng=rng, first=first))


def picture_table(source: Any, size: int | tuple[int, int] | None = None) -> Table:
    """Return pictures, whatever `fidelia.read_images` reads, as a table; its notes say what was left out."""
    return read_images(source, size=size).table()


def _read(source: Any, name: str, size: int | tuple[int, int] | None) -> ImageSet:
    try:
        return read_images(source, size=size)
    except ReadError as error:
        raise ReadError(f"{name} pictures: {error}") from error


def _one_shape(sides: dict[str, ImageSet], notes: list[str]) -> dict[str, ImageSet]:
    shapes = {name: shown.shape for name, shown in sides.items()}
    if len({shape[:2] for shape in shapes.values()}) > 1:
        said = ", ".join(f"{name} {height} x {width}" for name, (height, width, _) in shapes.items())
        raise SchemaError(f"the pictures are of different sizes ({said}); give one for all, as size=32 or --size 32")
    if len({shape[2] for shape in shapes.values()}) > 1:
        grey = " and ".join(name for name, shape in shapes.items() if shape[2] == 1)
        notes.append(f"{grey} pictures are grey and others in colour: all were given three channels")
        return {name: shown.in_colour() for name, shown in sides.items()}
    return sides


def _one_schema(sides: dict[str, ImageSet], notes: list[str]) -> dict[str, ImageSet]:
    """Leave labels away where not all sides have them."""
    without = [name for name, shown in sides.items() if shown.labels is None]
    if not without or len(without) == len(sides):
        return sides
    notes.append(f"{' and '.join(without)} pictures have no labels, so that classes were not compared")
    return {name: shown.without_labels() for name, shown in sides.items()}
