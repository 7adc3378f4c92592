"""Audit and curation of pictures from end to end: fd.audit, fd.curate, `fidelia audit` on sets, files and folders."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits

import fidelia as fd
from fidelia.cli.exits import guarded
from fidelia.data.images.imageset import ImageSet
from fidelia.data.table import Table
from fidelia.report.document import check
from fidelia.report.page import render
from fidelia.rng import Rng


@cache
def digits() -> ImageSet:
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return fd.read_images(found.images, span=(0, 16), labels=found.target).take(order)


def part(i: int, n: int = 200) -> ImageSet:
    return digits().take(np.arange(i * n, (i + 1) * n))


@cache
def spoilt() -> ImageSet:
    """The first 20 equal training digits, the next 30 are noise."""
    pixels = part(1).pixels.copy()
    pixels[:20] = part(0).pixels[:20]
    pixels[20:50] = np.random.default_rng(0).integers(0, 256, pixels[20:50].shape)
    return replace(part(1), pixels=pixels)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, fd.Outcome]:
    return {
        edition: fd.audit(part(0), spoilt(), holdout=part(2), edition=edition) for edition in ("internal", "shareable")
    }


def shown(document: dict[str, Any]) -> np.ndarray:
    """Return all pictures of a document's sheets, with the edges around them, (n, 10, 10)."""
    image = pytest.importorskip("PIL.Image")
    sheets = [grid["sheet"] for grid in document["pictures"]["grids"]] + [document["pictures"]["map"]["sheet"]]
    found = []
    for each in sheets:
        whole = np.asarray(image.open(BytesIO(b64decode(each["png"]))))
        cut = whole.reshape(-1, 10, each["across"], 10).swapaxes(1, 2).reshape(-1, 10, 10)
        found.append(cut[: each["count"], 1:-1, 1:-1])
    return np.concatenate(found)


def real_ones(pictures: np.ndarray) -> int:
    real = {p.tobytes() for side in (part(0), part(2)) for p in side.pixels[..., 0]}
    return sum(p.tobytes() in real for p in pictures)


def test_verdicts_and_accepted_pictures(outcomes) -> None:
    outcome = outcomes["internal"]
    assert (outcome.audit.verdict[:50] == "reject").mean() > 0.95
    kept = ImageSet.of(outcome.accepted)
    assert 140 <= len(kept) <= 152 and kept.shape == (8, 8, 1) and kept.labels is not None


def test_the_shareable_edition_shows_no_real_picture(outcomes) -> None:
    assert real_ones(shown(outcomes["shareable"].document)) == 0
    assert real_ones(shown(outcomes["internal"].document)) > 18
    assert not any(
        "nearest" in tile for grid in outcomes["shareable"].document["pictures"]["grids"] for tile in grid["tiles"]
    )


def test_equal_pictures_of_another_label_are_not_shown_either() -> None:
    other = replace(spoilt(), labels=tuple("0123456789"[(int(label) + 1) % 10] for label in spoilt().labels))
    outcome = fd.audit(part(0), other, holdout=None, edition="shareable")
    assert real_ones(shown(outcome.document)) == 0


def test_the_page_shows_what_was_rejected_and_repeated(outcomes) -> None:
    internal, shareable = (render(json.loads(json.dumps(of.document))) for of in outcomes.values())
    for page in (internal, shareable):
        assert all(title in page for title in ("Most typical", "Least typical of those kept", "Rejected"))
        assert 'id="use"' not in page and 'id="pairs"' not in page
    assert "Nearest to a training picture" in internal and "its nearest training picture" in internal
    assert "its nearest training picture" not in shareable
    best = outcomes["internal"].document["pictures"]["grids"][0]["tiles"]
    assert len({tile["label"] for tile in best[:10]}) == 10
    closest = next(g for g in outcomes["internal"].document["pictures"]["grids"] if g["name"] == "closest")
    assert {tile["row"] for tile in closest["tiles"]} <= set(range(20))


def test_the_map_has_a_picture_for_each_point(outcomes) -> None:
    said = check(json.loads(json.dumps(outcomes["shareable"].document)))
    points = said["audit"]["map"]["synthetic"]["x"]
    assert said["pictures"]["map"]["sheet"]["count"] == len(points) == len(said["pictures"]["map"]["labels"])
    assert len(points) <= 180


def test_all_in_a_page_of_many_large_pictures_stays_small() -> None:
    draw = np.random.default_rng(1)
    sides = [ImageSet(draw.integers(0, 256, (600, 40, 40, 3), dtype=np.uint8)) for _ in range(2)]
    flat = {
        side: of.pixels.reshape(600, -1)[:, :8].astype(float)
        for side, of in zip(("train", "synthetic"), sides, strict=True)
    }
    outcome = fd.audit(*sides, embedding=flat)
    assert len(outcome.report.to_html()) < 2_000_000


def test_folders_in_folders_out(tmp_path: Path, outcomes) -> None:
    pytest.importorskip("PIL")
    for name, images in (("a", part(0)), ("b", spoilt()), ("c", part(2))):
        images.write(tmp_path / name)
    sides = [f"--{side}={tmp_path / name}" for side, name in (("train", "a"), ("synthetic", "b"), ("holdout", "c"))]
    words = ["audit", *sides, "-o", str(tmp_path / "audited"), "--edition", "internal", "--quiet"]
    assert guarded(words) == 0
    table = pq.read_table(tmp_path / "audited.parquet")
    assert table.num_rows == 200 and "image" not in table.column_names
    assert {"name", "label", "audit.verdict", "audit.reasons", "audit.auth_ratio"} <= set(table.column_names)
    accepted = fd.read_images(tmp_path / "audited.accepted")
    assert len(accepted) == table.column("audit.verdict").to_pylist().count("accept") <= 152
    assert set(accepted.labels) <= set("0123456789")
    assert pq.read_table(tmp_path / "audited.real.parquet").num_rows == 400
    assert guarded(words) == 4 or (tmp_path / "audited.accepted").is_dir()


def test_arrays_in_arrays_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, images in (("a", part(0, 60)), ("b", part(1, 60)), ("c", part(2, 60))):
        images.write(f"{name}.npz")
    sides = ["--train=a.npz", "--synthetic=b.npz", "--holdout=c.npz"]
    assert guarded(["audit", *sides, "-o", "found.parquet", "--extractor", "random-convolutions", "--quiet"]) == 0
    assert len(fd.read_images("found.accepted.npz")) >= 58
    assert "text" in pq.read_table("found.real.parquet").column_names
    assert guarded(["audit", *sides, "-o", "found", "--accepted", "found.parquet", "--quiet"]) == 2
    assert guarded(["audit", *sides, "-o", "more", "--curated", "better.npz", "--quiet"]) == 0
    assert 20 <= len(fd.read_images("better.npz")) <= 60


class Noisy:
    """Draws digits of which a fifth are noise."""

    def fit(self, table: Table, **_: Any) -> Noisy:
        self.pool = ImageSet.of(table)
        return self

    def sample(self, n: int, *, rng: Rng, first: int = 0, **_: Any) -> Table:
        draw = rng.child("rows").generator()
        drawn = self.pool.take(draw.integers(0, len(self.pool), n))
        pixels = np.clip(drawn.pixels + draw.normal(0, 6, drawn.pixels.shape), 0, 255).astype(np.uint8)
        noise = draw.random(n) < 0.2
        pixels[noise] = draw.integers(0, 256, pixels[noise].shape)
        return ImageSet(pixels, drawn.labels, tuple(str(first + i) for i in range(n))).table()

    def state(self) -> Any:
        """Nothing is kept."""

    @classmethod
    def restore(cls, state: Any) -> Noisy:
        return cls()


def noisy(images: ImageSet) -> float:
    """Return the share of noise, which leaves some six of 64 pixels dark where digits have half of them."""
    return float(((images.pixels < 25).sum(axis=(1, 2, 3)) < 14).mean())


def test_better_pictures_are_drawn_until_there_are_enough(tmp_path: Path) -> None:
    source = Noisy().fit(digits().take(range(900, 1797)).table())
    found = fd.curate(part(0, 300), source, holdout=part(1, 300), n=150)
    raw, better = (ImageSet.of(each) for each in (found.unfiltered, found.table))
    assert len(better) == 150
    assert any("OOD" in each.reasons for each in found.rounds)
    assert noisy(raw) > 0.12 and noisy(better) < 0.03
    assert {"FID16", "FID26", "DIV01", "AUT02"} <= {each.code for each in found.changes}
    better.write(tmp_path / "better.npz")


def test_given_pictures_are_weighed_and_chosen() -> None:
    found = fd.curate(part(0), spoilt().without_labels(), holdout=part(2))
    assert len(found.weight) == 200 and (found.weight[:50] == 0).mean() > 0.9
    assert "label" not in found.table.schema.names
