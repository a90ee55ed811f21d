"""Models that travel: a model package as a file, the check of one from outside, and the shelf of those installed."""
