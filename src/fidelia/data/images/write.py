"""Pictures to a folder of png files, an npz or a parquet file: whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.atomic import atomic
from fidelia.errors import WriteError

if TYPE_CHECKING:
    from fidelia.data.images.imageset import ImageSet


def write_images(images: ImageSet, path: str | Path, *, again: bool = False) -> None:
    """Write pictures with their labels and names.

    Parameters
    ----------
    path : str or Path
        ``.npz`` and ``.parquet`` are files; a name without an ending is a new folder of png files, in folders by
        label where there are labels.
    again : bool
        Whether a folder may take the place of an earlier one that holds png files and nothing else.

    Raises
    ------
    WriteError
        When the place cannot be written, a folder stands there already, or two pictures would get one file name.
    MissingExtra
        For a folder, when Pillow is not installed.
    """
    place = Path(path)
    if place.suffix == ".parquet":
        images.table().write(str(place))
    elif place.suffix == ".npz":
        with atomic(place) as draft, draft.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **_arrays(images))
    elif place.suffix:
        raise WriteError(f"{place}: pictures are written to a folder, an .npz or a .parquet file")
    else:
        write_new_folder(images, place, again=again)


def _arrays(images: ImageSet) -> dict[str, np.ndarray]:
    found = {"images": images.pixels, "names": np.array(images.names, dtype=np.str_)}
    return found if images.labels is None else found | {"labels": np.array([w or "" for w in images.labels])}


def write_new_folder(images: ImageSet, place: Path, *, again: bool = False) -> None:
    """Write pictures to a new folder of png files, whatever its name; as `write_images`."""
    from fidelia.data.images.folder import write_folder

    if place.exists() and not (again and _pictures_alone(place)):
        raise WriteError(f"{place}: stands there already; name a new folder")
    draft = place.with_name(f".{token_hex(4)}.part.{place.name}")
    try:
        draft.mkdir()
        write_folder(images, draft)
        if (count := sum(1 for _ in draft.rglob("*.png"))) != len(images):
            raise WriteError(f"{place}: {len(images)} pictures have only {count} names; give each its own")
        if place.exists():
            shutil.rmtree(place)
        draft.replace(place)
    except OSError as error:
        raise WriteError(f"{place}: cannot be written ({error.strerror or error}); nothing was changed") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(draft)


def _pictures_alone(folder: Path) -> bool:
    """Return whether a folder holds png files and nothing else."""
    return folder.is_dir() and all(path.suffix == ".png" for path in folder.rglob("*") if not path.is_dir())
