"""The conformance kit on a few sequences in the layout of AIcrowd, with a small model."""

import pytest

from challengeflow.testing import ChallengeContract
from challengeflow_mabe_task1.demo import official_files


class TestMabe(ChallengeContract):
    challenge = "mabe-task1"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def few_sequences(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("aicrowd")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(official_files, "TRAIN", 4)
            patch.setattr(official_files, "TEST", 2)
            official_files.write(folder, "task1", 1, None)
        cls.config = {
            "datasets": {"task1": {"source": str(folder), "folds": 2}},
            "models": {"pose-boosting": {"parameters": {"rows": 1000, "parts": 1, "iterations": 5, "windows": [1]}}},
            "score": {"smoothing": False},
        }
