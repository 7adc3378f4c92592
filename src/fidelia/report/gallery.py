"""The pictures of results.json: their shape, and as the page draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fidelia.report.notation import count, score

Data = Mapping[str, Any]
Count = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=1)]
Name = Literal["best", "worst", "rejected", "closest"]


class Strict(BaseModel):
    """A shape without further fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Sheet(Strict):
    """Pictures of one size in rows of `across`, as a PNG in base 64; each is framed by `edge` pixels."""

    png: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+=*$")]
    across: Side
    count: Side
    height: Side
    width: Side
    edge: Count


class Tile(Strict):
    """A synthetic picture; in the internal edition with the training picture nearest to it."""

    row: Count
    label: str | None = None
    verdict: str
    reasons: list[str]
    alpha: float
    nearest: Count | None = None
    nearest_label: str | None = None
    ratio: float | None = None


class Grid(Strict):
    """Pictures of one kind; the sheet holds each, or each and then its nearest training picture."""

    name: Name
    sheet: Sheet
    tiles: list[Tile]


class Thumbnails(Strict):
    """The pictures of the points of the map, in their order."""

    sheet: Sheet
    labels: list[str] | None = None


class Gallery(Strict):
    """Pictures to look at."""

    grids: list[Grid] = []
    map: Thumbnails | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture on the page: the part of a sheet that it is, and what it shows in words."""

    sheet: str
    box: str
    label: str


@dataclass(frozen=True, slots=True)
class Card:
    """A synthetic picture, perhaps beside its nearest training picture, and the words below."""

    shots: list[Shot]
    title: str
    note: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A grid, ready to be drawn."""

    name: str
    title: str
    lede: str
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class View:
    """All grids, the sheets that they are cut from, and whether real pictures are among them."""

    grids: list[Shown]
    sheets: list[tuple[str, str, int, int]]
    paired: bool


REASONS = {
    "CONSTRAINT": "breaks a rule",
    "COPY": "copy",
    "NEAR_COPY": "near copy",
    "OOD": "off support",
    "DUPLICATE": "repeated",
}
SAID: dict[str, tuple[str, str]] = {
    "best": ("Most typical", "Accepted pictures nearest to the heart of the real ones, each class in turn."),
    "worst": ("Least typical of those kept", "The strangest pictures that were not rejected, strangest first."),
    "rejected": ("Rejected", "Rejected pictures, each reason in turn, strangest first."),
    "closest": (
        "Nearest to a training picture",
        "Smallest authenticity ratio first: the distance to the nearest training picture, over the distance of that "
        "one to its own nearest other. By chance the smallest are small too; what was called a copy says so.",
    ),
}


def view(pictures: Data | None) -> View | None:
    """Return the grids of a document, None where it has no pictures."""
    if pictures is None:
        return None
    grids = [_shown(grid) for grid in pictures["grids"]]
    kept = [(f"sheet-{grid['name']}", grid["sheet"]) for grid in pictures["grids"]]
    kept += [("sheet-map", pictures["map"]["sheet"])] if pictures["map"] else []
    paired = any(tile["nearest"] is not None for grid in pictures["grids"] for tile in grid["tiles"])
    return View(grids, [(name, each["png"], *_size(each)) for name, each in kept], paired)


def thumbnails(pictures: Data | None) -> dict[str, Any] | None:
    """Return what the map's script needs to show a point's picture; None where there is none."""
    if pictures is None or pictures["map"] is None:
        return None
    found = pictures["map"]["sheet"]
    sizes = {name: found[name] for name in ("across", "height", "width", "edge")}
    return {"sheet": "sheet-map", **sizes, "labels": pictures["map"]["labels"]}


def _size(sheet: Data) -> tuple[int, int]:
    down = -(-sheet["count"] // sheet["across"])
    return sheet["across"] * (sheet["width"] + 2 * sheet["edge"]), down * (sheet["height"] + 2 * sheet["edge"])


def _box(sheet: Data, i: int) -> str:
    """Return the part of a sheet that picture i is, as the view box of a drawing."""
    row, column = divmod(i, sheet["across"])
    left = column * (sheet["width"] + 2 * sheet["edge"]) + sheet["edge"]
    top = row * (sheet["height"] + 2 * sheet["edge"]) + sheet["edge"]
    return f"{left} {top} {sheet['width']} {sheet['height']}"


def _shown(grid: Data) -> Shown:
    title, lede = SAID[grid["name"]]
    pairs = bool(grid["tiles"]) and grid["tiles"][0]["nearest"] is not None
    return Shown(grid["name"], title, lede, [_card(grid, i, tile, pairs=pairs) for i, tile in enumerate(grid["tiles"])])


def _card(grid: Data, i: int, tile: Data, *, pairs: bool) -> Card:
    name, kind = f"sheet-{grid['name']}", "" if tile["label"] is None else f" of class {tile['label']}"
    verdict = " ".join([tile["verdict"], *tile["reasons"]])
    said = f"synthetic picture {count(tile['row'])}{kind}: {verdict}, alpha {score(tile['alpha'], 2)}"
    shots = [Shot(name, _box(grid["sheet"], 2 * i if pairs else i), said)]
    if pairs:
        real = "" if tile["nearest_label"] is None else f" of class {tile['nearest_label']}"
        said = f"its nearest training picture, {count(tile['nearest'])}{real}"
        shots.append(Shot(name, _box(grid["sheet"], 2 * i + 1), said))
    return Card(shots, _title(tile, pairs=pairs), _note(grid["name"], tile), tile["verdict"])


def _title(tile: Data, *, pairs: bool) -> str:
    if tile["label"] is None:
        return ""
    return f"{tile['label']} | {tile['nearest_label']}" if pairs else str(tile["label"])


def _note(name: str, tile: Data) -> str:
    """Return what decides the place of a picture in its grid."""
    if name == "closest":
        return f"ratio {score(tile['ratio'], 2)}"
    if name == "rejected":
        return REASONS.get(tile["reasons"][0], str(tile["reasons"][0]))
    return f"alpha {score(tile['alpha'], 2)}"
