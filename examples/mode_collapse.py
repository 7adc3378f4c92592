"""Find a mode that a generator has lost, and repair the table without training anything anew.

python examples/mode_collapse.py
"""

import numpy as np

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")
parts = fd.split(real, holdout=0.4, rng=fd.Rng(0))
model = fd.fit(parts.train)

# A collapsed generator, for this example: nine of ten of those who never married are missing.
drawn = model.sample_table(12_000)
lost = np.asarray(drawn["marital-status"]) == "Never-married"
kept = ~lost | (fd.Rng(1).generator().random(len(drawn)) < 0.1)
collapsed = drawn.take(np.flatnonzero(kept)[:4_000])

codes = ["FID16", "DIV01"]  # alpha-precision, beta-recall


def look(name, rows):
    scores = fd.evaluate(parts.train, rows, holdout=parts.holdout, codes=codes)
    print(f"{name}:", ", ".join(f"{scores[code]['name']} {scores[code]['value']:.3f}" for code in codes))


look("collapsed", collapsed)
missed = fd.audit(parts.train, collapsed, holdout=parts.holdout, seed=0).audit.lacking
for rule in missed[:3]:
    print(f"  not covered: {rule['sentence']}")

# Exactly what is missing is drawn, as many as the real rows have.
share = np.mean(np.asarray(parts.train["marital-status"]) == "Never-married")
repaired = model.sample_table(4_000, balance={"marital-status": {"Never-married": share}}, seed=2)
look("repaired", repaired)
