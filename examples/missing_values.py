"""Missing cells: their pattern is learnt, and gaps can be filled by draws given all other cells.

python examples/missing_values.py
"""

import numpy as np
import pandas as pd

import fidelia as fd

draw = np.random.default_rng(0)
n = 2_000
visits = pd.DataFrame({"ward": draw.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2]), "age": draw.integers(18, 95, n)})
visits["pressure"] = (90 + 0.5 * visits["age"] + draw.normal(0, 9, n)).round()
visits.loc[visits["ward"] == "C", "pressure"] = np.nan  # ward C never measures it
visits.loc[draw.random(n) < 0.05, "age"] = np.nan  # and sometimes nobody asks

model = fd.fit(visits)
made = model.sample(n, seed=1)
missing = pd.DataFrame(
    {
        "real": visits["pressure"].isna().groupby(visits["ward"]).mean(),
        "synthetic": made["pressure"].isna().groupby(made["ward"]).mean(),
    }
)
print("Share of missing pressures by ward, modelled and not scattered:")
print(missing)

print(fd.completeness(visits, made))
