"""The conformance kit on a small demo."""

from challengeflow.testing import ChallengeContract


class TestClogLoss(ChallengeContract):
    challenge = "clog-loss"
    config = {  # noqa: RUF012
        "datasets": {"nano": {"source": "demo", "folds": 2, "shards": {"test": 1}}},
        "download": {"demo_videos": 12},
        "models": {"roi-features": {"parameters": {"bags": 1, "iterations": 10}}},
    }
