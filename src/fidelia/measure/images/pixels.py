"""The pictures of a case; what has none declines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fidelia.data.images.imageset import picture_column, pictures
from fidelia.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case


def refuse_tables(case: Case) -> None:
    """Decline where the tables carry no pictures.

    Raises
    ------
    NotApplicable
        ``NEEDS_PICTURES``.
    """
    if picture_column(case.schema) is None:
        raise NotApplicable("NEEDS_PICTURES", "the tables carry no pictures")


def pixels(case: Case) -> dict[str, NDArray[np.uint8]]:
    """Return the pictures of each side that there is, ``(n, height, width, channels)``."""
    refuse_tables(case)
    sides = {name: getattr(case, name) for name in ("train", "synthetic", "holdout")}
    return {name: pictures(table) for name, table in sides.items() if table is not None}
