"""Pictures: the same three questions, with features that need no download.

python examples/pictures.py
"""

import numpy as np
from sklearn.datasets import load_digits

import fidelia as fd

digits = load_digits()
images = fd.read_images(np.uint8(digits.images * 255 / 16))
order = fd.Rng(0).generator().permutation(len(images))
train, holdout, fresh = (images.take(part) for part in np.array_split(order, 3))

# Two made sets: fresh digits as a perfect generator would draw them, and training digits with a little noise.
noise = fd.Rng(1).generator().normal(0, 12, train.pixels.shape)
noisy = fd.ImageSet(np.uint8((train.pixels + noise).clip(0, 255)))

for name, made in {"perfect": fresh, "noisy copies": noisy}.items():
    outcome = fd.evaluate(train, made, holdout=holdout, seed=0)
    print(name)
    for code in ("IMG01", "FID16", "DIV01", "AUT01"):
        score = outcome[code]
        print(f"  {score['name']}: {score['value']:.3f}, fresh real pictures {score['reference']['value']:.3f}")
