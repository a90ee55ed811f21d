"""Clips on disk are those that were made, each made once."""

import numpy as np

from challengeflow_clog_loss.models.networks.clips import Clip
from challengeflow_clog_loss.models.networks.stored_clips import StoredClips


def test_a_clip_is_made_once_and_read_to_the_bit(tmp_path):
    made: list[int] = []

    def make(number: int) -> Clip:
        made.append(number)
        random = np.random.default_rng(number)
        return Clip(random.normal(size=(5, 11, 8)).astype(np.float16), random.random((11, 8)).astype(np.float16))

    stored = StoredClips(tmp_path / "clips", make, 4)
    first = {number: stored(number) for number in (3, 0, 2)}
    for number, clip in first.items():
        again = stored(number)
        assert again.grey.tobytes() == clip.grey.tobytes() and again.mask.tobytes() == clip.mask.tobytes()
        again.grey[:] = 0  # as a caller may
        assert stored(number).grey.any()
    assert made == [3, 0, 2]


def test_nothing_of_an_earlier_training_is_taken(tmp_path):
    def made_of(value: float) -> StoredClips:
        clip = Clip(np.full((5, 11, 8), value, np.float16), np.ones((11, 8), np.float16))
        return StoredClips(tmp_path / "clips", lambda number: clip, 1)

    made_of(1.0)(0)
    later = made_of(2.0)
    assert {float(later(0).grey.max()) for _ in range(2)} == {2.0}
