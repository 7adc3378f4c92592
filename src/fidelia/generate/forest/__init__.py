"""Sequential trees: one grove per column given the columns before it."""

from fidelia.generate.forest.fit import Params
from fidelia.generate.forest.model import Draw, Forest, fit

__all__ = ["Draw", "Forest", "Params", "fit"]
