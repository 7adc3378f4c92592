"""The contracts that components keep; packages that add a component call the same checks.

>>> from fidelia.testing import check_generator
>>> check_generator("marginals")
>>> from fidelia.testing import check_metric
>>> check_metric("CMP02", rows=240)
"""

from fidelia.testing.generators import Subject, check_generator, generator_checks, subject
from fidelia.testing.metrics import check_metric
from fidelia.testing.tables import everyday, peculiar

__all__ = ["Subject", "check_generator", "check_metric", "everyday", "generator_checks", "peculiar", "subject"]
