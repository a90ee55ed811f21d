"""pose-boosting: the same bytes each time, and the frames it is trained on are those it says."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, Predictions, Writer
from challengeflow_mabe_task1.models import declarations
from challengeflow_mabe_task1.models.training_frames import class_counts, class_weights, labels_of, sampled_frames

SMALL = {"rows": 600, "parts": 2, "iterations": 5, "windows": [0.5, 2]}


@pytest.fixture
def stages(clip_stages):
    """Makes stages with pose-boosting on the clips."""
    return lambda name: clip_stages(name, declarations.POSE_BOOSTING)


def predicted(stages, model):
    output = stages.root / "answers"
    stages.predict(stages.shards[0], [model], output)
    return output


def test_it_repeats_itself_to_the_bit(stages):
    once, again = stages("once"), stages("again")
    outputs = [predicted(made, made.train(0, **SMALL)) / "data.bin" for made in (once, again)]
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_causal_scores_do_not_depend_on_the_future(stages, tmp_path, clips):
    made = stages("causal")
    shard = made.shards[0]
    model = made.train(0, **SMALL, causal=True)
    before = {name: scores.copy() for name, scores in Predictions(predicted(made, model)).items()}
    prepared = {
        name: (shard_of.attributes(name), shard_of[name]["keypoints"].copy())
        for shard_of in [Arrays(shard.prepared)]
        for name in shard_of
    }
    with Writer(shard.prepared) as out:
        for name, (facts, points) in prepared.items():
            points[150:] = points[150:][::-1]  # the same poses, so that constants of the recording stay
            out.add(name, facts, keypoints=points)
    made.predict(shard, [model], tmp_path / "changed")
    for name, scores in Predictions(tmp_path / "changed").items():
        np.testing.assert_allclose(scores[:150], before[name][:150], atol=1e-6)


def test_training_frames_are_labelled_spread_and_as_many_as_asked(stages):
    shards = stages("frames").shards
    counts = class_counts(shards, 4)
    chosen = sampled_frames(shards, 400, 1.0, np.random.default_rng(0))
    labels = np.concatenate([labels_of(Arrays(s.gold), name)[chosen[name]] for s in shards for name in Arrays(s.gold)])
    taken = np.bincount(labels, minlength=4)
    assert abs(taken.sum() - 400) <= 4
    np.testing.assert_allclose(taken / taken.sum(), counts / counts.sum(), atol=0.01)
    assert all((np.diff(frames) > 0).all() for frames in chosen.values())


def test_no_behaviour_takes_more_than_its_share_of_the_rows(stages):
    shards = stages("frames").shards
    counts = class_counts(shards, 4)
    chosen = sampled_frames(shards, 400, 0.3, np.random.default_rng(0))
    labels = np.concatenate([labels_of(Arrays(s.gold), name)[chosen[name]] for s in shards for name in Arrays(s.gold)])
    taken = np.bincount(labels, minlength=4)
    assert counts.max() / counts.sum() > 0.3 and taken.max() <= 0.3 * 400 + 1
    assert (taken <= counts).all()


def test_balance_weighs_behaviours():
    counts = np.array([10, 30, 0, 60])
    np.testing.assert_allclose(class_weights(counts, 0), 1)
    weighed = counts * class_weights(counts, 1)
    np.testing.assert_allclose(weighed[counts > 0], weighed[0])


def test_one_behaviour_alone_is_refused(stages):
    made = stages("alone")
    for shard in made.shards:
        names = list(Arrays(shard.gold))
        with Writer(shard.gold) as gold:
            for name in names:
                gold.add(name, {}, scores=np.eye(4, dtype=np.uint8)[np.full(240, 3)])
    with pytest.raises(InputError, match="at least two are needed"):
        made.train(0, **SMALL)
