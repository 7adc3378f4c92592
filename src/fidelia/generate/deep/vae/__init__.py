"""A variational autoencoder with mixed likelihoods."""

from fidelia.generate.deep.vae.model import VAE

__all__ = ["VAE"]
