"""Constraints that the real rows themselves declare: levels, missing values, whole numbers, unique keys."""

from fidelia.measure.completeness.constraints import Violation, unseen, violations

__all__ = ["Violation", "unseen", "violations"]
