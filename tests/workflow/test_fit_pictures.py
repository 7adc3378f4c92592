"""Pictures through `fit`, a file and `sample`: the names that mean their generators, and where drawn ones go."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import fidelia as fd
from fidelia.cli import places
from fidelia.errors import SchemaError, UsageError, WriteError
from fidelia.generate.catalog import DEFAULT_PICTURES, create, entries, suited
from fidelia.rng import Rng
from fidelia.testing.pictures import digits
from fidelia.testing.tables import everyday

TINY = {"steps": 3, "width": 8, "batch": 16}


@pytest.fixture(scope="module")
def model():
    return fd.fit(digits(40), generator="vae", parameters=TINY)


def test_a_table_name_means_its_picture_generator(model):
    assert model.name == "image-vae"
    assert suited("gan", pictures=True) == suited("image-gan", pictures=True) == "image-gan"
    assert suited("trees", pictures=True) == DEFAULT_PICTURES
    assert suited("vae", pictures=False) == "vae"


def test_generators_of_the_other_kind_are_refused_with_those_that_fit():
    for name in ("copula", "autoregressive", "marginals"):
        with pytest.raises(UsageError, match=f"'{name}' learns tables, and pictures were given; choose one of: image-"):
            fd.fit(digits(40), generator=name)
    with pytest.raises(UsageError, match="'image-vae' learns pictures, and a table was given; choose one of: trees"):
        fd.fit(everyday(), generator="image-vae")
    with pytest.raises(UsageError, match="no generator 'image-vea'; did you mean"):
        fd.fit(digits(40), generator="image-vea")
    with pytest.raises(SchemaError, match="'image' holds pictures"):
        create("copula").fit(digits(40).table(), rng=Rng(0))


def test_the_catalog_tells_generators_of_pictures_from_those_of_tables():
    of_pictures, of_tables = entries(pictures=True), entries(pictures=False)
    assert "image-vae" in of_pictures and "trees" in of_tables
    assert {**of_tables, **of_pictures} == entries()


def test_a_model_of_pictures_draws_pictures_before_and_after_its_file(model, tmp_path):
    model.save(tmp_path / "m.fidelia")
    again = fd.load(tmp_path / "m.fidelia")
    drawn = again.sample(6, given={"label": "3"}, seed=1)
    assert isinstance(drawn, fd.ImageSet)
    assert drawn.labels == ("3",) * 6
    assert (drawn.pixels == model.sample(6, given={"label": "3"}, seed=1).pixels).all()
    assert sorted(again.sample(20, balance="label").labels) == sorted("0123456789" * 2)


@pytest.mark.parametrize("name", ["drawn.npz", "drawn.parquet", "drawn"])
def test_drawn_pictures_are_written_and_read_back(model, name, tmp_path):
    drawn = model.sample(9, seed=2)
    if not name.count("."):
        pytest.importorskip("PIL")
    drawn.write(tmp_path / name)
    again = fd.read_images(tmp_path / name)
    assert sorted(again.labels) == sorted(drawn.labels)
    assert again.pixels.sum() == drawn.pixels.sum()


@pytest.mark.parametrize("name", ["drawn.csv", "drawn.xlsx", "drawn.csv.gz"])
def test_drawn_pictures_are_not_written_where_a_table_is_named(name, tmp_path):
    with pytest.raises(WriteError, match=r"a folder, an \.npz or a \.parquet file"):
        places.pictures(tmp_path / name)
    assert places.pictures(tmp_path / "audited.accepted") == tmp_path / "audited.accepted"
