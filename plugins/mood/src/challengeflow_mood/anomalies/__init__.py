"""Made anomalies: a library of kinds in three dimensions, each with a seed and a recipe that makes it again.

What is made of which kinds is fixed here, so that nothing is ever scored on a kind it was trained on:
FITTED kinds train the self-supervised models, STOPPING kinds tell them when to stop, PROXY kinds are in the scored
proxy split (and, unless told otherwise, in a toy set made by `challengeflow make-toy`).
"""

FITTED = ("foreign_patch", "poisson", "copy_paste", "rotation", "constant", "bias")
STOPPING = ("scar", "permutation", "edges")
PROXY = ("uniform", "noise", "sink", "source", "shift", "reflection", "gorilla")
