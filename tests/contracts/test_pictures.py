"""Every generator of pictures of the catalog keeps the whole contract."""

from __future__ import annotations

from functools import cache

import pytest

pytest.importorskip("torch")

from fidelia.generate.catalog import entries
from fidelia.testing.pictures import Painter, picture_checks

SHORT = {"steps": 6, "width": 8, "batch": 16}
"""The contract does not ask for quality, and must be quick to check."""


QUICK = ("image-vae", "image-diffusion")
"""Those that are checked every time."""


@cache
def painter(name):
    return Painter(name, SHORT)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in entries(pictures=True)],
)
@pytest.mark.parametrize("check", [check for _, check in picture_checks()], ids=[name for name, _ in picture_checks()])
def test_generators_of_pictures_keep_the_contract(name, check):
    check(painter(name))
