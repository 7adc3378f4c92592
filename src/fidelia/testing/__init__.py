"""The contracts that components keep; packages that add a component call the same checks.

>>> from fidelia.testing import check_generator
>>> check_generator("marginals")
"""

from fidelia.testing.generators import Subject, check_generator, generator_checks, subject
from fidelia.testing.tables import everyday, peculiar

__all__ = ["Subject", "check_generator", "everyday", "generator_checks", "peculiar", "subject"]
