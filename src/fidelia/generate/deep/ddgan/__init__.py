"""Diffusion in a few large steps, each drawn by an adversarial network."""

from fidelia.generate.deep.ddgan.model import DenoisingDiffusionGAN

__all__ = ["DenoisingDiffusionGAN"]
