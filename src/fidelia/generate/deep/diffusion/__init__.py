"""Rows that emerge from noise, numbers and tokens under one time."""

from fidelia.generate.deep.diffusion.model import Diffusion

__all__ = ["Diffusion"]
