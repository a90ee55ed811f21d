"""Local folders, labels that do not fit the track, and the real files."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, write_scores
from challengeflow.pickles import load_npy
from challengeflow.scoring import write_json
from challengeflow_mabe_task1.scoring.decoding import plain_decision

RATS = ["aggression", "social", "nonsocial", "base"]


def track(frames, seed=0):
    return np.random.default_rng(seed).uniform(0, 500, (frames, 2, 2, 5)).astype(np.float32)


def save_folder(folder, train, test, sample=None):
    folder.mkdir()
    np.save(folder / "train.npy", {"vocabulary": RATS, "sequences": train}, allow_pickle=True)
    np.save(folder / "test-release.npy", test, allow_pickle=True)
    if sample is not None:
        np.save(folder / "sample-submission.npy", sample, allow_pickle=True)
    return folder


@pytest.fixture
def folder(tmp_path):
    train = {
        "equal": {"keypoints": track(6), "annotations": [0, 1, 2, 3, 3, 3], "annotator_id": 0},
        "long": {"keypoints": track(4), "annotations": [0, 1, 2, 3, 3, 3], "annotator_id": 0},
        "short": {"keypoints": track(8), "annotations": [0, 1, 1, -1], "annotator_id": 0},
    }
    return save_folder(tmp_path / "rats", train, {"t": {"keypoints": track(5), "annotator_id": 0}}, {"t": [0] * 5})


def test_labels_longer_or_shorter_than_the_track_are_cut_or_left_open(stages, folder):
    run = stages(folder, folds=1)
    gold = Arrays(run.prepare()[0].gold)
    assert gold["equal"]["scores"].argmax(axis=1).tolist() == [0, 1, 2, 3, 3, 3]
    assert gold["long"]["scores"].shape == (4, 4) and gold.attributes("long") == {"frames": 4, "labels": 6}
    assert gold["short"]["scores"].any(axis=1).tolist() == [True] * 3 + [False] * 5


def test_sequences_that_nobody_labelled_are_a_split_of_their_own(stages, folder):
    splits = ("train", "test", "unlabelled")
    with pytest.raises(InputError, match=r"no unlabelled file; expected one of unlabelled\.npy"):
        stages(folder, name="without", splits=splits).index()
    np.savez(folder / "unlabelled.npz", u=track(7), v=track(9))
    run = stages(folder, name="with", splits=splits)
    found = [sample.id for sample in run.index() if sample.split == "unlabelled"]
    assert found == ["unlabelled/u", "unlabelled/v"]
    assert not set(found) & set(Arrays(run.root / "index-gold" / "labels"))


def test_the_vocabulary_of_train_holds_for_test(stages, folder):
    shard = stages(folder, folds=1).prepare()[1]
    assert Arrays(shard.prepared).attributes("t")["vocabulary"] == RATS
    assert Arrays(shard.prepared).attributes("t")["shape"] == [5, 4]
    assert not any(shard.prepared.parent.parent.joinpath("gold", shard.name).iterdir())


def test_a_sample_submission_of_another_release_is_refused(stages, folder):
    np.save(folder / "sample-submission.npy", {"t": [0] * 4}, allow_pickle=True)
    with pytest.raises(InputError, match="not of the same release"):
        stages(folder).index()


def test_a_missing_file_is_named(stages, folder):
    (folder / "test-release.npy").unlink()
    with pytest.raises(InputError, match="no test file"):
        stages(folder).index()


def test_train_without_labels_is_refused(stages, tmp_path):
    folder = save_folder(tmp_path / "bare", {"a": {"keypoints": track(5)}}, {"t": {"keypoints": track(5)}})
    with pytest.raises(InputError, match="no annotations for sequence a"):
        stages(folder).index()


def test_one_class_alone_cannot_be_trained_on(stages, tmp_path):
    train = {str(k): {"keypoints": track(40, k), "annotations": [3] * 40} for k in range(3)}
    run = stages(save_folder(tmp_path / "one", train, {"t": {"keypoints": track(5)}}))
    run.prepare()
    with pytest.raises(InputError, match="at least two are needed"):
        run.train(0)


def test_real_rats_are_read_and_their_submission_is_accepted(stages, real):
    folder = real / "rat-dyads"
    run = stages(folder, folds=5)
    shards = run.prepare()
    labelled = [shard for shard in shards if shard.split == "train"]
    assert sum(len(Arrays(shard.prepared).ok()) for shard in labelled) == 39
    frames = sum(gold.any(axis=1).sum() for shard in labelled for gold in _gold(shard))
    assert frames == 558407
    test = shards[-1]
    prepared = Arrays(test.prepared)
    write_scores(test.predictions, ((name, np.eye(4, dtype=np.float16)[_ramp(prepared, name)]) for name in prepared))
    write_json(run.root / "decision.json", plain_decision(4) | {"vocabulary": RATS, "scored": RATS[:2]})
    submission = load_npy(run.package("npy") / "submission.npy")
    sample = load_npy(folder / "sample_submission.npy")
    assert {name: len(labels) for name, labels in submission.items()} == {k: len(v) for k, v in sample.items()}


def _gold(shard):
    gold = Arrays(shard.gold)
    return (gold[name]["scores"] for name in gold)


def _ramp(prepared, name):
    return np.arange(prepared.attributes(name)["shape"][0]) % 4


def test_real_unlabelled_clips_are_read(stages, real):
    run = stages(real / "real_pose_7kp_unlabelled.npz", splits=("test",), gold_splits=())
    (shard,) = run.prepare()
    prepared = Arrays(shard.prepared)
    assert len(prepared) == 8 and len(prepared.ok()) == 8
