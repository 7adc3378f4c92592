"""A conditional Wasserstein GAN, and ADS-GAN with a penalty."""

from fidelia.generate.deep.gan.model import GAN

__all__ = ["GAN"]
