"""Every generator of the catalog keeps the whole contract."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from fidelia.generate.catalog import DEEP, entries
from fidelia.testing import check_generator, generator_checks, subject

ALTERNATIVES = {
    "trees": {"k": 20},
    "chowliu": {"k": 20, "bins": 4, "rare": "keep"},
    "copula": {"k": 20, "rare": "keep"},
    "marginals": {"k": 20, "rare": "keep"},
    "noisy-copy": {"noise": 0.5},
    "diffusion": {
        "k": 20,
        "rare": "keep",
        "steps": 8,
        "batch": 16,
        "width": 24,
        "rate": 1e-2,
        "depth": 1,
        "draws": 7,
        "churn": 1.0,
        "learnt": False,
    },
    "autoregressive": {
        "k": 20,
        "rare": "keep",
        "steps": 200,
        "batch": 16,
        "width": 24,
        "rate": 1e-2,
        "depth": 1,
        "bells": 3,
        "dropout": 0.1,
        "plain": 0.0,
    },
    "vae": {
        "k": 20,
        "rare": "keep",
        "steps": 8,
        "batch": 16,
        "width": 24,
        "rate": 1e-2,
        "depth": 1,
        "latent": 3,
        "beta": 4.0,
        "ordered": False,
    },
    "gan": {
        "k": 20,
        "rare": "keep",
        "steps": 8,
        "batch": 16,
        "width": 24,
        "rate": 1e-2,
        "depth": 1,
        "noise": 20,
        "pac": 3,
        "slope": 1.0,
        "penalty": 10.0,
        "candidates": 2,
        "identifiability": 5.0,
    },
    "ddgan": {
        "k": 20,
        "rare": "keep",
        "steps": 8,
        "batch": 16,
        "width": 24,
        "rate": 1e-2,
        "T": 2,
        "rho": 1.0,
        "depth": 1,
        "latent": 3,
        "energy": 0.0,
        "gamma": 5.0,
        "pac": 2,
    },
}
SHORT = {"steps": 12, "width": 16, "batch": 64}
"""Of networks: the contract does not ask for quality, and must be quick to check."""
ENTRIES = [entry for entry in entries(pictures=False).values() if entry.where.startswith("fidelia.")]
PARAMETERS = {entry.name: SHORT for entry in ENTRIES if entry.extra == DEEP}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
@pytest.mark.parametrize(
    "check", [check for _, check in generator_checks()], ids=[name for name, _ in generator_checks()]
)
def test_generators_keep_the_contract(entry, check):
    if find_spec(entry.where.partition(":")[0]) is None:
        pytest.skip(f"{entry.where} does not exist yet")
    check(subject(entry.name, PARAMETERS.get(entry.name), ALTERNATIVES.get(entry.name)))


def test_a_generator_that_breaks_the_contract_is_caught():
    from fidelia.generate.marginals import Marginals

    class Forgetful(Marginals):
        def sample(self, n, *, given=None, rng, progress=None, first=0):
            return super().sample(n, given=None, rng=rng, first=first)

    with pytest.raises(AssertionError):
        check_generator(Forgetful)
