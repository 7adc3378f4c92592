"""Digits with faults planted among fresh ones: what an audit of pictures must find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.datasets import load_digits

import fidelia as fd
from fidelia.data.images.imageset import ImageSet

SIZE = 590


def digits(seed: int, size: int = SIZE) -> tuple[ImageSet, ImageSet, ImageSet]:
    """Train, synthetic and holdout: three parts of one set of 8 x 8 digits, so that all are fresh."""
    found = load_digits()
    order = np.random.default_rng(seed).permutation(len(found.target))
    whole = fd.read_images(found.images, span=(0, 16), labels=found.target).take(order)
    train, made, fresh = (whole.take(range(i * size, (i + 1) * size)) for i in range(3))
    return train, made, fresh


COPIES = ("copies", "moved", "darker")


def planted(kind: str, train: ImageSet, made: ImageSet, seed: int, noise: float = 3.0) -> tuple[ImageSet, np.ndarray]:
    """Put faults in the first tenth (copies) or fifth of the pictures; return them with a mask of the faults."""
    draw, pixels = np.random.default_rng([seed, 1]), made.pixels.copy()
    bad = np.arange(len(made)) < (len(made) // 10 if kind in COPIES else len(made) // 5)
    part = pixels[bad]
    if kind in COPIES:
        source = train.pixels[draw.permutation(len(train))[: bad.sum()]]
        if kind == "moved":
            source = np.roll(source, draw.choice([-1, 1]), axis=draw.choice([1, 2]))
        shown = 0.8 * source if kind == "darker" else source
        part = np.clip(np.rint(shown + draw.normal(0, noise, source.shape)), 0, 255)
    elif kind == "inverted":
        part = 255 - part
    elif kind == "noise":
        part = draw.integers(0, 256, part.shape)
    elif kind == "blends":
        part = (part.astype(int) + pixels[_others(made, bad, draw)]) // 2
    pixels[bad] = part
    return replace(made, pixels=pixels), bad


def _others(made: ImageSet, bad: np.ndarray, draw: np.random.Generator) -> list[int]:
    """For each picture to spoil, another one of another class."""
    labels, rest = np.array(made.labels), np.flatnonzero(~bad)
    return [int(draw.choice(rest[labels[rest] != labels[i]])) for i in np.flatnonzero(bad)]
