"""One module for each model, what the temporal ones share, and what all declare."""
