"""The small real tables that the package ships."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fidelia.data.read import read
from fidelia.data.table import Table
from fidelia.errors import UsageError
from fidelia.schema.schema import closest

SAMPLES = {"adult": "income"}
"""Name and target of each sample; NOTICE beside the files says where they come from."""


def sample_path(name: str) -> Path:
    """Return where the sample called `name` stands.

    Raises
    ------
    UsageError
        When there is none of that name.

    Examples
    --------
    >>> sample_path("adult").suffix
    '.parquet'
    """
    if name not in SAMPLES:
        raise UsageError(f"no sample {name!r}{closest(name, SAMPLES)} (there are: {', '.join(SAMPLES)})")
    return Path(str(files("fidelia.data"))) / "samples" / f"{name}.parquet"


def located(source: str | Path) -> tuple[Path, str | None]:
    """Return the path that `source` means and, where it names a sample, its target; a file of that name goes first."""
    path = Path(source)
    return (
        (sample_path(str(source)), SAMPLES[str(source)])
        if str(source) in SAMPLES and not path.exists()
        else (path, None)
    )


def load(name: str) -> Table:
    """Read the sample called `name`, with its target declared.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    return read(sample_path(name), target=SAMPLES[name])
