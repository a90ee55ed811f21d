"""Simulated pairs of animals, in the organisers' exact files and in a lab's."""
