"""One module for each model, and what they declare."""
