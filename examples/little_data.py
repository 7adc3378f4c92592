"""Transfer: a model of a large table, taken on to a small one with only some of its columns.

python examples/little_data.py
"""

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")
frame = real.native().drop(columns=["fnlwgt"])
here = frame["occupation"] == "Craft-repair"

large = fd.fit(frame[~here], target="income")
small = frame[here].head(150).drop(columns=["capital-gain", "capital-loss"])

moved = fd.transfer(large, small, target="income", repeats=1, seed=0)
print(moved)  # tuned, or left alone where tuning would make things worse

rows = moved.model.sample(1_000, seed=1)
print(rows.head())
