"""Pictures: feature extractors, and the scores that only pictures have."""
