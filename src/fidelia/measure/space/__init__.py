"""Where distances are taken: embeddings, and the one k-NN service on them."""
