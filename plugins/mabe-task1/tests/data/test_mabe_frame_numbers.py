"""Poses and labels meet by the frame numbers of the video, and at the rate that files state."""

import numpy as np
import pandas as pd
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.formats import poses

BENTO = """Bento annotation file
Movie file(s): m1.mp4

Annotation start frame: 1
Annotation stop frame: {stop}
Annotation framerate: {rate}

List of channels:
{channels}

Ch1----------
>sniff
Start\tStop\tDuration
{rows}
"""


def boris(path, *bouts, name="m1", fps=30, behaviour="sniff", subject="No focal subject"):
    columns = "Observation id,Media file,FPS,Subject,Behavior,Behavior type,Start (s),Stop (s)\n"
    rows = (f"{name},{name}.mp4,{fps},{subject},{behaviour},STATE,{a},{b}\n" for a, b in bouts)
    path.write_text(columns + "".join(rows))


@pytest.fixture
def prepare(tmp_path, stages):
    """Prepares the folder `lab`; returns the prepared attributes and the class number of each row, by recording."""
    (tmp_path / "lab").mkdir()

    def run(behaviours=None, fps=30, **download):
        made = stages(tmp_path / "lab", splits=("train",), folds=1, dataset="lab", behaviours=behaviours, **download)
        (shard,) = [one for one in made.prepare(fps=fps) if one.split == "train"]
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        labels = {name: gold[name]["scores"] for name in gold}
        rows = {name: np.where(one.any(axis=1), one.argmax(axis=1), -1) for name, one in labels.items()}
        return {name: prepared.attributes(name) for name in prepared}, rows

    return run


@pytest.fixture
def lab(tmp_path, prepare):
    return tmp_path / "lab"


def test_a_track_that_begins_late_meets_its_labels(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", numbers=range(100, 400))
    boris(lab / "m1_boris.csv", (5, 6))
    facts, rows = prepare()
    assert facts["m1"]["first_frame"] == 100 and len(rows["m1"]) == 300
    assert np.flatnonzero(rows["m1"] == 0).tolist() == list(range(50, 80))  # frames 150 to 179 of the video


def test_frames_that_a_tracker_skipped_are_a_gap(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", numbers=[*range(100), *range(200, 400)])
    (lab / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,250,260\n")
    facts, rows = prepare()
    assert len(rows["m1"]) == 400 and np.flatnonzero(rows["m1"] == 0).tolist() == list(range(250, 260))
    found = poses.read([lab / "m1.csv"])
    assert np.isnan(found.points[100:200]).all() and np.isfinite(found.points[200:]).all()
    assert facts["m1"]["quality"]["missing"] == [0.25, 0.25]


@pytest.mark.parametrize("form", ["table", "fixed"])
def test_frame_numbers_of_h5_are_believed(tmp_path, form):
    pytest.importorskip("tables")
    columns = pd.MultiIndex.from_product([["DLC"], ["a", "b"], ["nose"], ["x", "y", "likelihood"]])
    table = pd.DataFrame(np.ones((6, 6)), index=[10, 11, 12, 20, 21, 22], columns=columns)
    table.columns.names = ["scorer", "individuals", "bodyparts", "coords"]
    table.to_hdf(tmp_path / "m1.h5", key="df_with_missing", format=form, mode="w")
    found = poses.read([tmp_path / "m1.h5"])
    assert found.first == 10 and len(found.points) == 13
    assert np.flatnonzero(np.isnan(found.points[:, 0, 0, 0])).tolist() == list(range(3, 10))


def test_labels_of_every_tenth_frame_are_of_these_frames(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=200)
    lines = [f"{frame},{'sniff' if 110 <= frame < 150 else 'other'}" for frame in range(0, 200, 10)]
    (lab / "m1_labels.csv").write_text("\n".join(["frame,behaviour", *lines]) + "\n")
    _, rows = prepare()
    assert np.flatnonzero(rows["m1"] == 0).tolist() == [110, 120, 130, 140]
    assert (rows["m1"] >= 0).sum() == 20  # nobody looked at the others


def test_files_of_one_animal_each_meet_by_frame(tmp_path, deeplabcut):
    black = deeplabcut(tmp_path / "black.csv", numbers=range(5, 15), animals=("black",))
    white = deeplabcut(tmp_path / "white.csv", numbers=range(8, 20), animals=("white",), seed=1)
    found = poses.read([tmp_path / "black.csv", tmp_path / "white.csv"])
    assert found.first == 5 and len(found.points) == 15
    np.testing.assert_array_equal(found.points[3:10, 0], black[3:, 0])
    np.testing.assert_array_equal(found.points[3:15, 1], white[:, 0])
    assert np.isnan(found.points[:3, 1]).all()


@pytest.mark.parametrize(
    "numbers, message",
    [
        ([0, 1, 2, 0, 1, 2], "frame 0 twice; it may hold several videos"),
        ([0, 1, 2, 3_000_000_000], "no frame number"),
        ([0, 1.5, 2], "frame numbers that are none"),
        ([-1, 0, 1], "frame numbers that are none"),
    ],
)
def test_frame_numbers_that_are_none_are_refused(tmp_path, deeplabcut, numbers, message):
    deeplabcut(tmp_path / "m1.csv", numbers=numbers)
    with pytest.raises(InputError, match=message):
        poses.read([tmp_path / "m1.csv"])


# -- rates ------------------------------------------------------------------------------------------------------------


def test_the_rate_that_boris_states_is_believed_and_the_config_contradicted(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=200)
    boris(lab / "m1_boris.csv", (4, 5), fps=15)
    facts, rows = prepare(fps=30)
    assert facts["m1"]["fps"] == 15 and np.flatnonzero(rows["m1"] == 0).tolist() == list(range(60, 75))
    assert facts["m1"]["notes"] == ["its files say 15 frames a second, the config 30; the files are believed"]


def test_recordings_csv_goes_before_what_files_state(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=200)
    boris(lab / "m1_boris.csv", (4, 5), fps=15)
    (lab / "recordings.csv").write_text("recording,poses,labels,fps\nm1,m1.csv,m1_boris.csv,30\n")
    facts, rows = prepare()
    assert np.flatnonzero(rows["m1"] == 0)[0] == 120 and "recordings.csv 30" in facts["m1"]["notes"][0]


def test_bento_made_at_another_rate_than_the_track(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=400)
    channels = "Ch1"
    text = BENTO.format(stop=200, rate=15, channels=channels, rows="4.03\t6.0\t1.97")
    (lab / "m1.annot").write_text(text)
    facts, rows = prepare(fps=30)
    hit = np.flatnonzero(rows["m1"] == 0)
    assert hit[0] in (120, 121) and hit[-1] == 179 and len(hit) == 180 - hit[0]
    assert facts["m1"]["notes"] == ["its labels were made at 15 frames a second, the track has 30"]


def test_bento_frames_at_another_rate_are_rescaled_unless_they_end_with_the_track(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=400)
    rows_text = "61\t90\t30"
    (lab / "m1.annot").write_text(BENTO.format(stop=200, rate=15, channels="Ch1", rows=rows_text))
    assert np.flatnonzero(prepare(fps=30)[1]["m1"] == 0).tolist() == list(range(120, 180))


def test_bento_frames_that_end_with_the_track_are_the_tracks(lab, prepare, deeplabcut):
    deeplabcut(lab / "m1.csv", frames=400)
    (lab / "m1.annot").write_text(BENTO.format(stop=400, rate=25, channels="Ch1", rows="61\t90\t30"))
    assert np.flatnonzero(prepare(fps=30)[1]["m1"] == 0).tolist() == list(range(60, 90))
