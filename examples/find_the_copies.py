"""Find the rows of a synthetic table that repeat real people.

python examples/find_the_copies.py
"""

import numpy as np
import pyarrow as pa

import fidelia as fd
from fidelia.data.table import Table

real = fd.read(fd.sample_path("adult"), target="income")
parts = fd.split(real, holdout=0.3, rng=fd.Rng(0))
honest = fd.fit(parts.train).sample_table(len(parts.train))

# Somebody puts 500 real people among the synthetic ones, each with a slightly other weight.
planted = parts.train.take(np.arange(500)).arrow
weights = np.asarray(planted["fnlwgt"]) + fd.Rng(1).generator().integers(-500, 500, 500)
planted = planted.set_column(planted.column_names.index("fnlwgt"), "fnlwgt", pa.array(weights, planted["fnlwgt"].type))
mixed = Table(pa.concat_tables([honest.arrow, planted]), honest.schema)

outcome = fd.audit(parts.train, mixed, holdout=parts.holdout, q=0.1, seed=0)
audit = outcome.audit
copies = ~audit.shareable  # a shareable table leaves out rows that repeat training rows

print(audit.counts())
found, others = copies[-500:].sum(), copies[:-500].sum()  # the generator itself comes near some training rows
print(f"{found} of 500 planted rows are called copies, and {others} of {len(honest)} others")

row = int(np.flatnonzero(copies)[-1])
print(f"row {row} repeats train row {audit.scores['nn_real_id'][row]} in {', '.join(audit.matched[row][:4])} ...")

clean = outcome.accepted  # the rows that may be handed on
print(f"{len(clean)} rows are left")
