"""A rare class: do synthetic rows of it help a model? Compared with what is usually done.

python examples/rare_class.py
"""

import numpy as np

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")

# One rich person in twenty, in 1,200 rows.
rich = np.asarray(real["income"]) == ">50K"
rare = np.concatenate([np.flatnonzero(rich)[:60], np.flatnonzero(~rich)[:1_140]])

found = fd.enhance(
    real.take(np.sort(rare)),
    target="income",
    what="rebalance",
    rare=">50K",
    learners=["linear", "boosted trees"],
    repeats=1,
    seed=0,
)
print(found)  # the answer may be that nothing helps

shown = found.to_frame()
print(shown[["learner", "arm", "score", "gain", "joint_interval", "answer"]].to_string(index=False))
