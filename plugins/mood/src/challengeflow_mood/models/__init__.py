"""One module for each model, what they share, and what they declare."""
