"""Numbers about one vessel that models without a network learn from."""
