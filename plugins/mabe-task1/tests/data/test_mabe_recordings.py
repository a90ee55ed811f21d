"""Folders of one's own recordings, from names or from recordings.csv, through index, shards and preparation."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.data import quality, recordings_table
from challengeflow_mabe_task1.data.folder import survey
from challengeflow_mabe_task1.demo import lab_folder
from challengeflow_mabe_task1.demo.official_files import simulate
from challengeflow_mabe_task1.formats import bento, poses
from challengeflow_mabe_task1.formats.bouts import Bout

ANIMALS = ("black", "white")


def write_poses(path, frames=40, seed=0, animals=ANIMALS, likelihood=0.9):
    """DeepLabCut's csv of two parts; returns the points (T, A, xy, P)."""
    points = np.random.default_rng(seed).uniform(0, 500, (frames, len(animals), 2, 2)).round(2)
    columns = [(a, p, c) for a in animals for p in ("nose", "tail") for c in ("x", "y", "likelihood")]
    lines = [["scorer"] + ["DLC"] * len(columns)]
    lines += [
        [level, *names]
        for level, names in zip(("individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True)
    ]
    for number, row in enumerate(points):
        lines.append([number] + [v for a in row for part in a.T for v in (*part, likelihood)])
    path.write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
    return points.astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "lab"
    folder.mkdir()
    for number, name in enumerate(("m1DLC_resnet50_x_1000", "m2", "m3DLC_dlcrnetms5_y_el", "m4")):
        write_poses(folder / f"{name}.csv", 40 + number, number)
    bento.write(folder / "m1.annot", [Bout("sniff", 2, 9)], 40, 30.0, "")
    (folder / "m2_labels.csv").write_text("behaviour,start_s,stop_s\nattack,0.2,0.4\nsniff,0.5,1.5\n")
    (folder / "notes.md").write_text("nothing")
    return folder


def write_table(folder, *rows, columns=recordings_table.COLUMNS):
    lines = [",".join(columns), *(",".join(row) for row in rows)]
    (folder / recordings_table.NAME).write_text("\n".join(lines) + "\n")


def test_names_tell_what_belongs_together(folder):
    (folder / "m1DLC_resnet50_x_1000.h5").write_bytes(b"the same as the csv")
    found = {each.id: (each.poses, each.labels, each.split) for each in survey(folder).recordings}
    assert found == {
        "m1": (("m1DLC_resnet50_x_1000.csv",), "m1.annot", "train"),
        "m2": (("m2.csv",), "m2_labels.csv", "train"),
        "m3": (("m3DLC_dlcrnetms5_y_el.csv",), "", "test"),
        "m4": (("m4.csv",), "", "test"),
    }


def test_labelled_and_unlabelled_recordings_through_all_of_preparation(stages, folder):
    run = stages(folder, folds=2, dataset="lab")
    shards = run.prepare(fps=20)
    train = {name: shard for shard in shards for name in Arrays(shard.prepared) if shard.split == "train"}
    assert set(train) == {"m1", "m2"} and list(Arrays(shards[-1].prepared)) == ["m3", "m4"]
    attributes = Arrays(train["m2"].prepared).attributes("m2")
    assert attributes["vocabulary"] == ["attack", "sniff", "other"] and attributes["parts"] == ["nose", "tail"]
    gold = Arrays(train["m2"].gold)["m2"]["scores"]  # seconds become frames at the rate of the config
    assert gold.argmax(axis=1).tolist() == [2] * 4 + [0] * 4 + [2] * 2 + [1] * 20 + [2] * 11
    frames = Arrays(train["m1"].gold)["m1"]["scores"].argmax(axis=1)
    assert np.flatnonzero(frames == 1).tolist() == list(range(2, 9))


def test_recordings_csv_says_what_the_files_do_not(stages, folder):
    write_table(
        folder,
        ("first", "m1DLC_resnet50_x_1000.csv", "m1.annot", "", "cage1", "25", "12.5", "white", "black", "2"),
        ("second", "m2.csv", "m2_labels.csv", "", "cage2", "", "", "", "", ""),
        ("third", "m3DLC_dlcrnetms5_y_el.csv", "", "test", "cage3", "", "", "", "", ""),
    )
    run = stages(folder, folds=1, dataset="lab")
    shard = run.prepare()[0]
    prepared = Arrays(shard.prepared)
    assert {sample.id: sample.group for sample in shard.samples} == {"first": "cage1", "second": "cage2"}
    first, second = prepared.attributes("first"), prepared.attributes("second")
    assert (first["fps"], first["pixels_per_cm"], first["annotator"]) == (25.0, 12.5, 2)
    assert (second["fps"], second["pixels_per_cm"], second["annotator"]) == (30.0, None, 0)
    original = poses.read([folder / "m1DLC_resnet50_x_1000.csv"]).points
    np.testing.assert_array_equal(prepared["first"]["keypoints"], original[:, ::-1])  # white is the resident here


@pytest.mark.parametrize(
    "row, message",
    [
        (("a", "m4.csv", "", "train"), "recording 'a' is in train without labels"),
        (("", "m4.csv", "", ""), "line 2 of .* lacks the recording"),
        (("a", "m4.csv", "", "", "", "fast"), "the fps 'fast'; expected a number above 0"),
        (("a", "m4.csv", "", "", "", "", "-1"), "the pixels_per_cm '-1'"),
        (("a", "m4.csv", "", "", "", "", "", "white"), "names one animal"),
        (("a", "m4.csv", "gone.annot", ""), "gone.annot, the labels of recording 'a', does not exist"),
    ],
)
def test_what_is_wrong_with_recordings_csv_is_said(stages, folder, row, message):
    write_table(folder, row)
    with pytest.raises(InputError, match=message):
        stages(folder, dataset="lab").index()


def test_unknown_columns_are_named(stages, folder):
    write_table(folder, ("a", "m4.csv", "1"), columns=("recording", "poses", "frame_rate"))
    with pytest.raises(InputError, match="expected recording and poses, and of labels, split"):
        stages(folder, dataset="lab").index()


def test_a_recording_cut_in_two_splits_is_refused(stages, folder):
    """What a split by frame would be: parts of one recording (one group) in train and in test."""
    write_table(
        folder,
        ("first half", "m1DLC_resnet50_x_1000.csv", "m1.annot", "train", "m1"),
        ("second half", "m2.csv", "m2_labels.csv", "test", "m1"),
        columns=recordings_table.COLUMNS[:5],
    )
    with pytest.raises(InputError, match="group 'm1' is in the splits 'train' and 'test'"):
        stages(folder, dataset="lab").index()


def test_a_recording_listed_twice_is_refused(stages, folder):
    write_table(folder, ("m1", "m2.csv", "m2_labels.csv"), ("m1", "m4.csv", ""), columns=recordings_table.COLUMNS[:3])
    with pytest.raises(InputError, match="'m1' is listed twice"):
        stages(folder, dataset="lab").index()


def test_recordings_that_cannot_be_used_are_listed_with_the_reason(stages, folder):
    write_poses(folder / "m3DLC_dlcrnetms5_y_el.csv", animals=("a", "b", "c"))
    (folder / "m4.csv").write_text("scorer,D\n")
    write_poses(folder / "m5.csv", frames=2)
    write_poses(folder / "m6.csv", likelihood=0.1)
    write_table(
        folder,
        ("m1", "m1DLC_resnet50_x_1000.csv", "m1.annot"),
        ("m2", "m2.csv", "m2_labels.csv"),
        *((name, file, "") for name, file in (("m3", "m3DLC_dlcrnetms5_y_el.csv"), ("m4", "m4.csv"))),
        *((name, f"{name}.csv", "") for name in ("m5", "m6", "m7")),
        columns=recordings_table.COLUMNS[:3],
    )
    run = stages(folder, folds=2, dataset="lab")
    test = Arrays(run.prepare(least_confidence=0.5)[-1].prepared)
    reasons = {name: test.attributes(name)["status"] for name in test}
    assert "3 animals (a, b, c); name two" in reasons["m3"] and "does not start with" in reasons["m4"]
    assert "has 2 frames; at least 3" in reasons["m5"] and reasons["m6"] == "no body part was seen in any frame"
    assert reasons["m7"].startswith("m7.csv does not exist; mend its name")  # no path of this machine
    assert test.attributes("m5")["shape"] == [2, 3]


def test_the_config_can_name_the_animals(stages, folder):
    write_poses(folder / "m4.csv", animals=("a", "b", "c"))
    run = stages(folder, folds=2, dataset="lab", animals=["c", "a"])
    test = Arrays(run.prepare()[-1].prepared)
    assert test.attributes("m4")["status"] == "ok" and test.attributes("m3")["status"] != "ok"


def test_points_of_low_confidence_are_taken_as_not_seen(stages, folder):
    write_poses(folder / "m4.csv", likelihood=0.4)
    seen = Arrays(stages(folder, folds=2, dataset="lab").prepare(least_confidence=0.4)[-1].prepared)
    assert np.isfinite(seen["m4"]["keypoints"]).all() and seen.attributes("m4")["quality"]["doubtful"] == 0


def test_an_hour_of_poses_is_read_in_bounded_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "hour.csv"
    points = write_poses(path, frames=300)
    head, body = path.read_text().splitlines()[:4], path.read_text().splitlines()[4:]
    numbered = (f"{at},{body[at % 300].split(',', 1)[1]}" for at in range(108_000))
    path.write_text("\n".join([*head, *numbered]) + "\n")  # 108,000 frames, an hour at 30 frames a second
    tracemalloc.start()
    found = poses.read([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.points.shape == (108_000, 2, 2, 2)
    np.testing.assert_array_equal(found.points[-300:], points)
    assert peak < 12 * found.points.nbytes


def test_the_demo_of_a_lab_is_a_folder_like_any_other(stages, tmp_path, monkeypatch):
    monkeypatch.setattr(lab_folder, "LABELLED", 4)
    monkeypatch.setattr(lab_folder, "UNLABELLED", 2)
    run = stages("demo", folds=2, dataset="lab")
    run.archive("recordings")
    shards = run.prepare(least_confidence=0.5)
    prepared = [Arrays(shard.prepared) for shard in shards]
    assert sum(len(each.ok()) for each in prepared) == 6
    assert {each.attributes(name)["fps"] for each in prepared for name in each} == {25.0, 30.0}
    parts = ["snout", "ear l", "ear r", "neck", "hip l", "hip r", "tail base"]
    assert all(each.attributes(name)["parts"] == parts for each in prepared for name in each)
    assert {each.attributes(name)["vocabulary"][-1] for each in prepared for name in each} == {"other"}
    gold = [Arrays(shard.gold) for shard in shards[:2]]
    assert all(each[name]["scores"].any(axis=1).all() for each in gold for name in each)


# -- quality ----------------------------------------------------------------------------------------------------------


def clean_track(frames=300):
    """Two animals that walk smoothly, far apart."""
    time = np.arange(frames) / 30
    body = np.array([20, 10, 0, -20]) + 1j * np.array([0, 8, -8, 0])
    centres = np.stack([100 + 30 * time + 100j, 400 - 20 * time + 300j], axis=1)
    points = centres[:, :, None] + body
    return np.stack([points.real, points.imag], axis=2).astype(np.float32)


def test_a_good_track_gives_no_warning():
    found = quality.assess(clean_track(), 30.0)
    assert found["warnings"] == [] and found["swaps"] == 0 and found["jumps"] == [0, 0] and found["missing"] == [0, 0]
    assert found["body_extent_px"] == pytest.approx(40)


def test_an_exchange_of_animals_that_come_close_is_found():
    track = clean_track()
    track[:, 1] += 0.15 * (track[:, :1] - track[:, 1:])[:, 0]  # not so far apart
    track[120:180] = track[120:180, ::-1].copy()
    found = quality.assess(track, 30.0)
    assert found["swaps"] == 2 and "exchanged (2 frames)" in found["warnings"][-1]


def test_gaps_jumps_and_short_tracks_are_told():
    track = clean_track()
    track[50:130, 0] = np.nan
    track[200, 1] += 300
    found = quality.assess(track, 30.0)
    assert found["longest_gap_s"] == [pytest.approx(80 / 30, abs=1e-3), 0] and found["jumps"] == [0, 2]
    assert found["missing"][0] == pytest.approx(80 / 300, abs=1e-4)
    assert any("resident is lost for 2.7 s" in text for text in found["warnings"])
    assert any("only 1.00 s long" in text for text in quality.assess(clean_track(30), 30.0)["warnings"])


def test_a_track_without_any_point_is_assessed_without_complaint():
    with np.errstate(all="raise"):
        found = quality.assess(np.full((5, 2, 2, 3), np.nan, np.float32), 30.0)
    assert found["missing"] == [1, 1] and found["body_extent_px"] == 0


def test_the_demo_of_the_challenge_has_exchanged_animals():
    assert quality.assess(simulate(1, 0)["keypoints"], 30.0)["swaps"] > 0
