"""Facts to pages: draws what results.json says, and computes nothing."""
