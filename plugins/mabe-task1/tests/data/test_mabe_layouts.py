"""Every layout of the challenge's files gives the same sequences, and what is wrong is said in one sentence."""

import json
import os

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.data import layouts

VOCABULARY = ("attack", "investigation", "mount", "other")


def track(frames, seed=0):
    return np.random.default_rng(seed).uniform(0, 500, (frames, 2, 2, 7))


@pytest.fixture
def sequences():
    return {
        "task1/train/mouse001": {"keypoints": track(5), "annotations": [0, 1, 2, 3, 3]},
        "task1/train/mouse002": {"keypoints": track(3, 1), "annotations": [3, 3, 0]},
    }


def calms21(sequences):
    vocabulary = {name: number for number, name in enumerate(VOCABULARY)}
    metadata = {"annotator-id": 0, "vocab": vocabulary}
    return {"annotator-id_0": {name: {**entry, "metadata": metadata} for name, entry in sequences.items()}}


def write(folder, layout, sequences):
    path = folder / f"file.{'json' if layout == 'json' else 'npy'}"
    if layout == "json":
        lists = {k: {**entry, "keypoints": entry["keypoints"].tolist()} for k, entry in sequences.items()}
        path.write_text(json.dumps(calms21(lists)))
        return path
    value = {
        "aicrowd": {"vocabulary": list(VOCABULARY), "sequences": sequences},
        "flat": sequences,
        "nested test": {"sequences": sequences},
        "calms21": calms21(sequences),
    }[layout]
    np.save(path, value, allow_pickle=True)
    return path


@pytest.mark.parametrize("layout", ["aicrowd", "flat", "nested test", "calms21", "json"])
def test_layouts_agree(tmp_path, sequences, layout):
    items = {item.id: item for item in layouts.read(write(tmp_path, layout, sequences))}
    assert list(items) == list(sequences)
    for name, item in items.items():
        np.testing.assert_allclose(layouts.keypoints(item), sequences[name]["keypoints"], rtol=1e-6)
        assert layouts.annotations(item, 4).tolist() == sequences[name]["annotations"]
        assert item.vocabulary == (VOCABULARY if layout in ("aicrowd", "calms21", "json") else None)


@pytest.mark.parametrize("layout", ["aicrowd", "json"])
def test_only_wanted_sequences_are_read(tmp_path, sequences, layout):
    path = write(tmp_path, layout, sequences)
    assert [item.id for item in layouts.read(path, {"task1/train/mouse002"})] == ["task1/train/mouse002"]


def test_a_cut_off_json_is_an_input_error(tmp_path, sequences):
    path = write(tmp_path, "json", sequences)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="cut off"):
        list(layouts.read(path))


def test_a_malicious_train_file_is_refused_and_nothing_runs(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    np.save(tmp_path / "train.npy", {"vocabulary": list(VOCABULARY), "sequences": {"a": Evil()}}, allow_pickle=True)
    with pytest.raises(InputError, match="nothing was run"):
        list(layouts.read(tmp_path / "train.npy"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("shape", [(5, 2, 7, 2), (5, 7, 2, 2), (5, 28), (5, 3, 2, 7)])
def test_other_axes_are_refused(shape):
    with pytest.raises(InputError, match="not \\(frames, 2 animals, x and y, parts\\)"):
        layouts.keypoints(layouts.Item("a", np.zeros(shape)))


def test_infinite_coordinates_are_missing():
    points = track(4)
    points[1, 0, 0, 3] = np.inf
    assert np.isnan(layouts.keypoints(layouts.Item("a", points))).sum() == 1


@pytest.mark.parametrize("wrong", [4, -2, 1.5])
def test_labels_outside_the_vocabulary_are_refused(wrong):
    with pytest.raises(InputError, match="at frame 2"):
        layouts.annotations(layouts.Item("a", None, [0, 1, wrong]), 4)


def test_the_background_is_other_or_the_last():
    assert layouts.background(["attack", "other", "mount"]) == 1
    assert layouts.background(["aggression", "social", "nonsocial", "base"]) == 3


@pytest.mark.parametrize("layout", ["aicrowd", "calms21", "json"])
def test_one_behaviour_of_task_3_is_read(tmp_path, sequences, layout):
    first, second = ({name: sequences[name]} for name in sequences)
    if layout == "aicrowd":
        value = {
            "approach": {"vocabulary": ["approach", "other"], "sequences": first},
            "rear": {"vocabulary": ["rear", "other"], "sequences": second},
        }
    else:
        metadata = {"vocab": {"rear": 0, "other": 1}}
        value = {"approach": first, "rear": {name: {**one, "metadata": metadata} for name, one in second.items()}}
    path = tmp_path / f"file.{'json' if layout == 'json' else 'npy'}"
    if layout == "json":
        path.write_text(json.dumps(value, default=np.ndarray.tolist))
    else:
        np.save(path, value, allow_pickle=True)
    (item,) = layouts.read(path, behaviour="rear")
    assert item.id == "task1/train/mouse002" and item.vocabulary == ("rear", "other")
