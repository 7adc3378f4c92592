"""What all generators of pictures share, on a network that is tiny: labels, names, slices, grids, what is refused."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from fidelia.data.images.imageset import ImageSet, pictures  # noqa: E402
from fidelia.data.table import Table  # noqa: E402
from fidelia.errors import SchemaError, UsageError  # noqa: E402
from fidelia.generate.conditions import Given  # noqa: E402
from fidelia.generate.deep.images import family, gallery  # noqa: E402
from fidelia.generate.deep.images.family import ImageFamily, ImageNetwork, label_column  # noqa: E402
from fidelia.generate.deep.images.gallery import Gallery, grid  # noqa: E402
from fidelia.generate.deep.images.pixels import Canvas, Pixels, grey, scaled  # noqa: E402
from fidelia.generate.deep.loop import Move, split  # noqa: E402
from fidelia.generate.effort import Effort  # noqa: E402
from fidelia.progress import SILENT  # noqa: E402
from fidelia.rng import Rng  # noqa: E402
from fidelia.schema.kinds import Kind, Role  # noqa: E402
from fidelia.schema.schema import Column, Schema  # noqa: E402


class Means(ImageNetwork):
    """Learns the mean picture of each class, and draws it with a little noise."""

    def __init__(self, canvas):
        super().__init__()
        self.canvas = canvas
        self.means = nn.Parameter(torch.zeros(canvas.classes, canvas.size))
        self.sizes = []

    def moves(self):
        return {"fit": Move(self, lambda batch, _: self.loss(batch), rate=0.05)}

    def loss(self, batch):
        return (batch.numbers - self.means[batch.tokens[:, 0]]).square().sum(1).mean()

    def score(self, rows):
        return self.loss(rows.batch()).item()

    def draw(self, labels):
        self.sizes.append(len(labels))
        drawn = self.means[labels].view(-1, *self.canvas.shape)
        return drawn + 0.01 * torch.randn_like(drawn)


@dataclass(slots=True, eq=False, kw_only=True)
class Toy(ImageFamily):
    NAME: ClassVar[str] = "toy"

    steps: int = 200
    batch: int | None = 16

    def network(self, canvas):
        return Means(canvas)


def shades(n=60, side=(8, 8), channels=1):
    """Dark pictures of class "dark", three in four, and light ones of class "light"."""
    labels = tuple("light" if i % 4 == 0 else "dark" for i in range(n))
    level = np.array([200 if label == "light" else 50 for label in labels], np.uint8)
    return ImageSet(np.broadcast_to(level[:, None, None, None], (n, *side, channels)).copy(), labels)


@pytest.fixture(scope="module")
def model():
    return Toy().fit(shades().table(), rng=Rng(0))


def test_each_class_is_drawn_as_it_is(model):
    drawn = ImageSet.of(model.sample(400, rng=Rng(1)))
    for label, level in (("light", 200), ("dark", 50)):
        mine = drawn.pixels[np.array(drawn.labels) == label]
        assert abs(mine.astype(float).mean() - level) < 6
    assert np.mean(np.array(drawn.labels) == "dark") == pytest.approx(0.75, abs=0.08)


def test_labels_are_as_given_whatever_their_share(model):
    for text, wanted in (("label=light", {"light"}), ("label=light|dark", {"light", "dark"})):
        drawn = model.sample(50, given=Given.parse([text]), rng=Rng(0))
        assert set(drawn["label"].to_pylist()) == wanted


def test_a_class_that_training_knows_but_never_showed_can_be_given():
    table = shades().table()
    schema = Schema(
        tuple(Column(c.name, c.kind, c.role, c.kind is Kind.CATEGORY) for c in table.schema)
    )  # a label may be missing, and none is
    model = Toy(steps=2).fit(Table(table.arrow, schema, "pyarrow"), rng=Rng(0))
    assert None not in model.sample(100, rng=Rng(0))["label"].to_pylist()
    assert model.sample(3, given=Given.of({"label": None}), rng=Rng(0))["label"].to_pylist() == [None] * 3


def test_names_are_numbers_from_the_first(model):
    assert model.sample(3, rng=Rng(0), first=40)["name"].to_pylist() == ["40", "41", "42"]


def test_pictures_are_drawn_in_slices(model, monkeypatch):
    monkeypatch.setattr(family, "SLICE", 30)
    model.network_.sizes.clear()
    assert len(model.sample(70, rng=Rng(0))) == 70
    assert model.network_.sizes == [30, 30, 10]
    monkeypatch.setattr(family, "PIXELS", 64 * 25)
    model.network_.sizes.clear()
    model.sample(60, rng=Rng(0))
    assert model.network_.sizes == [25, 25, 10]


def test_what_is_given_of_pictures_is_refused(model):
    with pytest.raises(UsageError, match="'image' is of kind image: it cannot be given"):
        model.sample(3, given=Given.of({"image": 3}), rng=Rng(0))


def test_other_columns_are_named_with_a_way_out():
    table = shades(8).table()
    more = Table(
        table.arrow.append_column("age", pa.array(range(8))),
        Schema((*table.schema, Column("age", Kind.INTEGER))),
        "pyarrow",
    )
    with pytest.raises(SchemaError, match="column 'age' is of kind integer"):
        Toy().fit(more, rng=Rng(0))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([Column("a", Kind.CATEGORY)], "no column holds any"),
        ([Column("a", Kind.IMAGE), Column("b", Kind.IMAGE)], "one picture a row, and columns 'a' and 'b' are two"),
        ([Column("a", Kind.IMAGE), Column("b", Kind.CATEGORY), Column("c", Kind.BOOLEAN)], "one label a row"),
        ([Column("a", Kind.IMAGE), Column("b", Kind.TEXT)], "column 'b' is of kind text"),
    ],
)
def test_tables_of_another_form_are_refused(columns, said):
    with pytest.raises(SchemaError, match=said):
        label_column(Schema(tuple(columns)), "toy")


def test_the_label_is_found_beside_a_key():
    columns = (Column("k", Kind.INTEGER, Role.KEY), Column("p", Kind.IMAGE), Column("yes", Kind.BOOLEAN))
    assert label_column(Schema(columns), "toy").name == "yes"
    assert label_column(Schema(columns[:2]), "toy") is None


def test_missing_pictures_and_numbers_that_are_no_bytes_are_refused():
    table = shades(4).table()
    column = table["image"]
    gone = pa.ExtensionArray.from_storage(column.type, pa.array([None] * 4, column.storage.type))
    kind = pa.fixed_shape_tensor(pa.float32(), (8, 8, 1))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(256, np.float32)), 64)
    wide = pa.ExtensionArray.from_storage(kind, flat)
    for array, said in ((gone, "4 of 4 pictures are missing"), (wide, r"holds float32\[8, 8, 1\]")):
        arrow = table.arrow.set_column(table.schema.names.index("image"), "image", array)
        with pytest.raises(SchemaError, match=said):
            Toy().fit(Table(arrow, table.schema, "pyarrow"), rng=Rng(0))


@pytest.mark.parametrize("side", [(7, 8), (8, 65)])
def test_sides_that_no_network_takes_are_refused(side):
    with pytest.raises(SchemaError, match=rf"these are {side[0]} x {side[1]}; bring them to another size"):
        Toy().fit(shades(4, side).table(), rng=Rng(0))


def test_grey_values_go_to_numbers_and_back():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert scaled(levels).min() == -1 and scaled(levels).max() == 1
    assert (grey(scaled(levels))[..., 0] == levels[0].numpy()).all()
    assert grey(torch.tensor([[[[-7.0, 7.0]]]])).ravel().tolist() == [0, 255]


def test_rows_of_pictures_are_channel_by_channel():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 9, 3)).astype(np.uint8)
    rows = Pixels.laid(pixels, np.array([0, 1, 0]), torch.device("cpu"))
    canvas = Canvas(3, 8, 9, 2)
    batch = rows.batch(torch.tensor([2, 0]))
    assert batch.tokens.tolist() == [[0], [0]]
    assert (grey(canvas.pictures(batch)) == pixels[[2, 0]]).all()
    assert (pixels == pictures(ImageSet(pixels).table())).all()


def test_enough_pictures_validate_though_they_have_many_pixels():
    rows = Pixels.laid(np.zeros((3_000, 28, 28, 1), np.uint8), np.zeros(3_000), torch.device("cpu"))
    assert [len(part) for part in split(rows, 0.1, Rng(0))] == [2_700, 300]


def test_a_grid_stands_in_the_gallery_for_each_check_and_changes_nothing(tmp_path, model):
    image = pytest.importorskip("PIL.Image")
    watched = Toy().fit(shades().table(), rng=Rng(0), effort=Effort(gallery=tmp_path / "seen"))
    assert watched.sample(5, rng=Rng(1)).arrow.equals(model.sample(5, rng=Rng(1)).arrow)
    names = sorted(path.name for path in (tmp_path / "seen").iterdir())
    assert names and all(name.startswith("toy-000") and name.endswith(".png") for name in names)
    with image.open(tmp_path / "seen" / names[0]) as shown:
        assert shown.size == (gallery.ACROSS * 9 - 1, 2 * 9 - 1), "a row for each class"


def test_a_gallery_takes_a_tenth_of_the_time(tmp_path, monkeypatch, model):
    clock = iter([0.0, 5.0, 5.0, 20.0, 60.0, 60.0, 60.0])
    monkeypatch.setattr(gallery.time, "monotonic", lambda: next(clock))
    seen = Gallery(tmp_path, SILENT)
    seen.show("a", 1, model.network_)  # drawn from 0 to 5: nothing until 55
    seen.show("a", 2, model.network_)
    seen.show("a", 3, model.network_)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-000001.png", "a-000003.png"]


def test_a_gallery_needs_no_pillow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    Toy(steps=60).fit(shades().table(), rng=Rng(0), effort=Effort(gallery=tmp_path / "g"))
    grids = list((tmp_path / "g").iterdir())
    assert grids
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in grids)


def test_a_grid_fills_its_last_row_with_black():
    pixels = np.full((5, 2, 3, 1), 9, np.uint8)
    found = grid(pixels, 3)
    assert found.shape == (2 * 3 - 1, 3 * 4 - 1, 1)
    assert found.sum() == 9 * 5 * 6
    assert (found[3:, 8:] == 0).all()
