"""The conformance kit: every check that the plugins of this project pass, for the price of three lines of pytest.

    from challengeflow.testing import ChallengeContract

    class TestContract(ChallengeContract):
        challenge = "my-challenge"

The demo of the challenge is run once, each job as the workflow runs it in a process apart, and the tests of the
class share what it made; with pytest-xdist, `--dist loadscope` keeps a class together. `ModelContract` holds a plugin
that brings a model for somebody else's challenge to the same.
"""

from challengeflow.testing.contracts import ChallengeContract, ModelContract

__all__ = ["ChallengeContract", "ModelContract"]
