"""The challenge's score, and the decision that turns scores into answers."""
