"""The contracts that components keep; packages that add a component call the same checks.

>>> from fidelia.testing import check_generator
>>> check_generator("marginals")
>>> from fidelia.testing import check_metric
>>> check_metric("CMP02", rows=240)
"""

from fidelia.testing.generators import Subject, check_generator, generator_checks, subject
from fidelia.testing.metrics import check_metric
from fidelia.testing.pictures import check_pictures, picture_checks
from fidelia.testing.tables import everyday, peculiar

__all__ = [
    "Subject",
    "check_generator",
    "check_metric",
    "check_pictures",
    "everyday",
    "generator_checks",
    "peculiar",
    "picture_checks",
    "subject",
]
