"""One network that knows the conditionals of all columns in many orders."""

from fidelia.generate.deep.autoregressive.model import Autoregressive

__all__ = ["Autoregressive"]
