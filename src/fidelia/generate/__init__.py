"""Tables to models to tables."""
