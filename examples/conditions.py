"""Rows under conditions: they hold exactly, and nothing is drawn and thrown away for them.

python examples/conditions.py
"""

from pathlib import Path

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")
model = fd.fit(real)

women = model.sample(1_000, given={"sex": "Female", "age": (30, 40)}, seed=1)
print(women[["sex", "age"]].describe(include="all").loc[["count", "unique", "min", "max"]])

doctors = model.sample(1_000, given=["education=Doctorate|Prof-school", "hours-per-week=50.."], seed=2)
print(doctors["education"].value_counts().to_string())
print(f"fewest hours: {doctors['hours-per-week'].min()}")

even = model.sample(2_000, balance="income", seed=3)  # as many rich as poor
print(even["income"].value_counts().to_string())

Path("out").mkdir(exist_ok=True)
model.save("out/adult.fidelia")  # JSON and arrays: no code, no training rows
again = fd.load("out/adult.fidelia").sample(1_000, given={"sex": "Female", "age": (30, 40)}, seed=1)
print("the same rows from the file:", again.equals(women))
