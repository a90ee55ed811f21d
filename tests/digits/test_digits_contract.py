"""The conformance kit on the shortest complete plugin, which is installed for these tests alone."""

import sys
from pathlib import Path

import pytest
from conftest import install_plugin

from challengeflow.planning.plugins import registry
from challengeflow.testing import ChallengeContract


class TestDigits(ChallengeContract):
    challenge = "digits"
    config = {"datasets": {"few": {"source": "demo", "folds": 2}}}  # noqa: RUF012

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def installed(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("plugins")
        install_plugin(Path(__file__).parent / "challengeflow_digits", folder, "digits")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [str(folder), *sys.path])
            registry.cache_clear()
            yield
        registry.cache_clear()
