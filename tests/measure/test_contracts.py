import pytest

from fidelia.measure.catalog import entries
from fidelia.testing.metrics import check_metric


@pytest.mark.parametrize("entry", entries().values(), ids=lambda entry: entry.code)
def test_contract(entry):
    check_metric(entry, rows=240)


def test_every_entry_says_what_it_is():
    assert len(entries()) >= 15
    for entry in entries().values():
        assert entry.formula and entry.summary and entry.source and entry.category
