"""The organisers' score, and the decision that turns maps into answers."""
