"""Measure generators of pictures on MNIST, beside fresh real digits: one JSON line each, and a table of all.

    .venv/bin/python benchmarks/images.py image-vae image-diffusion --seed 0 --time-limit 1200
    .venv/bin/python benchmarks/images.py fresh-real            the line that all others are held against
    .venv/bin/python benchmarks/images.py --table               the lines in out/images, as a table

The 15,000 digits of mnist_test10k and mnist_5k (which have none in common) are shuffled once: 10,000 to learn from,
5,000 that no generator sees. Distances are taken in the features of the `cnn` extractor, which learnt the labels of
half of the 10,000; `fresh-real` are digits of the other half, 4,000 against 4,000 unseen ones like every generator's.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

import fidelia as fd
from fidelia.data.images.imageset import ImageSet
from fidelia.generate.effort import Effort
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.images.classifier import Classifier
from fidelia.measure.images.extractor import Extracted
from fidelia.measure.images.trained import Trained, fitted
from fidelia.measure.joint.transport import frechet
from fidelia.rng import Rng
from fidelia.workflow.model import fit_table

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FIDELIA_SHARED", ROOT.parent / "shared"))
OUT = ROOT / "out" / "images"
LEARN, COMPARED = 10_000, 4_000
STEPS = 2_000
FRESH = "fresh-real"
COLUMNS = {
    "generator": "generator", "frechet": "Fréchet distance", "ratio": "times fresh", "alpha": "alpha-precision",
    "beta": "beta-recall", "authenticity": "authenticity", "accuracy": "classifier", "fit": "training s",
    "cpu": "of one core", "speed": "pictures/s", "megabytes": "MB",
}  # fmt: skip


def main() -> None:
    arguments = parser().parse_args()
    place = Path(arguments.out)
    place.mkdir(parents=True, exist_ok=True)
    for name in [] if arguments.table else arguments.generators:
        line = measured(name, arguments)
        (place / f"{name}{arguments.tag}.json").write_text(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
    text = table([json.loads(path.read_text()) for path in sorted(place.glob("*.json"))])
    (place / "table.md").write_text(text + "\n")
    print(text)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found.add_argument("generators", nargs="*", default=[FRESH])
    found.add_argument("--time-limit", type=float, help="seconds that a network may learn")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("-n", type=int, default=LEARN, help="digits drawn; the first 4,000 are compared, all teach")
    found.add_argument("--set", action="append", default=[], help="a parameter of the generator, as steps=100")
    found.add_argument("--tag", default="", help="added to the name of the line")
    found.add_argument("--gallery", action="store_true", help="keep grids of what is drawn in the training")
    found.add_argument("--table", action="store_true", help="measure nothing")
    found.add_argument("--out", default=str(OUT))
    return found


def measured(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit, draw and judge; one line."""
    train, unseen = digits()
    extractor, taught = extractor_of(train, Path(arguments.out))
    rest = np.setdiff1d(np.arange(len(train)), taught)
    line: dict[str, Any] = {"generator": name + arguments.tag, "seed": arguments.seed, "set": arguments.set}
    if name == FRESH:
        learnt, compared = train, train.take(rest[:COMPARED])
    else:
        learnt, told = drawn(name, train, arguments)
        line, compared = {**line, **told}, learnt.take(np.arange(min(COMPARED, len(learnt))))
    points = [features(extractor, one) for one in (compared, unseen.take(np.arange(COMPARED)))]
    line["frechet"] = frechet(*points)
    side = unseen.take(np.arange(COMPARED)) if name == FRESH else compared
    line |= judged(extractor, taught, train, side, unseen, fresh=name == FRESH)
    line["accuracy"] = accuracy(learnt, unseen, arguments.seed)
    return line


def digits() -> tuple[ImageSet, ImageSet]:
    """Return the digits to learn from and those that are not seen."""
    parts = [fd.read_images(SHARED / "data" / name / "data.parquet") for name in ("mnist_test10k", "mnist_5k")]
    pixels = np.concatenate([part.pixels for part in parts])
    labels = tuple(label for part in parts for label in part.labels or ())
    order = Rng(0).child("digits").generator().permutation(len(pixels))
    every = ImageSet(pixels, labels).take(order)
    return every.take(np.arange(LEARN)), every.take(np.arange(LEARN, len(every)))


def extractor_of(train: ImageSet, place: Path) -> tuple[Trained, np.ndarray]:
    """Return the `cnn` extractor and the digits that taught it; it is kept, for it is always the same."""
    kept = place / "extractor.npz"
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as file:
            arrays = [file[f"w{i}"] for i in range(int(file["count"]))]
            return Trained("cnn", tuple(arrays[:-2]), tuple(arrays[-2:]), str(file["hash"])), file["taught"]
    found, taught = fitted("cnn", train.table(), Rng(0).child("extractor"))
    weights = [*found.encoder, *(found.head or ())]
    named = {f"w{i}": weight for i, weight in enumerate(weights)}
    np.savez(kept, count=len(weights), hash=found.hash, taught=taught, **named)
    return found, taught


def drawn(name: str, train: ImageSet, arguments: argparse.Namespace) -> tuple[ImageSet, dict[str, Any]]:
    """Fit a generator and draw from it; what it drew and what it took."""
    place = Path(arguments.out)
    gallery = place / f"{name}{arguments.tag}" if arguments.gallery else None
    effort = Effort(seconds=arguments.time_limit, gallery=gallery)
    settings = {key: json.loads(value) for key, _, value in (one.partition("=") for one in arguments.set)}
    begun = time.perf_counter(), time.process_time()
    model = fit_table(train.table(), generator=name, parameters=settings, seed=arguments.seed, effort=effort)
    fit, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    begun = time.perf_counter(), time.process_time()
    made = ImageSet.of(model.sample_table(arguments.n, seed=arguments.seed))
    seconds, sampling = time.perf_counter() - begun[0], time.process_time() - begun[1]
    stem = place / f"{name}{arguments.tag}"
    model.save(stem.with_suffix(".fidelia"))
    made.write(stem.with_suffix(".npz"))
    history = getattr(model.generator, "history_", None)
    return made, {
        "fit": fit, "cpu": cpu, "speed": arguments.n / seconds, "speed_cpu": arguments.n / sampling,
        "megabytes": stem.with_suffix(".fidelia").stat().st_size / 2**20,
        "steps": history.steps[-1] if history and history.steps else None,
        "scores": history.scores if history else None,
    }  # fmt: skip


def features(extractor: Trained, images: ImageSet) -> np.ndarray:
    parts = [extractor.extract(images.pixels[i : i + 500]) for i in range(0, len(images), 500)]
    return np.concatenate(parts).astype(np.float64)


def judged(
    extractor: Trained, taught: np.ndarray, train: ImageSet, made: ImageSet, unseen: ImageSet, *, fresh: bool
) -> dict[str, float]:
    """Return alpha-precision, beta-recall and authenticity; fresh digits are held against the rest of the unseen."""
    holdout = unseen.take(np.arange(COMPARED if fresh else 0, len(unseen)))
    embedding = Extracted.by(extractor, train.table(), taught)
    case = Case(train.table(), made.table(), holdout.table(), Rng(0).child("measure"), embedding=embedding)
    results, _ = measure(case, ["FID16", "DIV01", "AUT01"])
    return {name: result.value for name, result in zip(("alpha", "beta", "authenticity"), results, strict=True)}


def accuracy(learnt: ImageSet, unseen: ImageSet, seed: int) -> float:
    """Return the share of unseen real digits that a small network knows which learnt from these alone."""
    judge = Classifier(seed, STEPS).fit(learnt.pixels, np.array(learnt.labels))
    return float((judge.predict(unseen.pixels) == np.array(unseen.labels)).mean())


def table(lines: list[dict[str, Any]]) -> str:
    """Return the lines as a Markdown table, the nearest to real first."""
    fresh = next((line["frechet"] for line in lines if line["generator"] == FRESH), float("nan"))
    rows = [{**line, "ratio": line["frechet"] / fresh} for line in sorted(lines, key=lambda line: line["frechet"])]
    head = ["| " + " | ".join(COLUMNS.values()) + " |", "|" + "---|" * len(COLUMNS)]
    return "\n".join([*head, *("| " + " | ".join(shown(row.get(key)) for key in COLUMNS) + " |" for row in rows)])


def shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return "-" if value is None else str(value)


if __name__ == "__main__":
    main()
