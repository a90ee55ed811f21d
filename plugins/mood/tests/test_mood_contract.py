"""The conformance kit on a small demo of both datasets."""

from challengeflow.testing import ChallengeContract

DEMO = {"demo_size": 32, "demo_train": 12, "demo_toy": 4}


class TestMood(ChallengeContract):
    challenge = "mood"
    config = {  # noqa: RUF012
        "datasets": {"brain": {"source": "demo"}, "abdom": {"source": "demo"}},
        "download": DEMO,
        "preprocess": {"grid": 16},
        "score": {"bootstrap_rounds": 20},
        "package": {"proof_cases": 1},
        "models": {"pca-residual": None},  # the others have tests of their own that repeat and interrupt them
    }
