"""A folder of forty mixed files is wholly accounted for before anything runs, and the run then answers what it can."""

import mabe_mixed_files as mixed
import numpy as np
import pytest

from challengeflow import InspectJob, Progress
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1 import CHALLENGE
from challengeflow_mabe_task1.data.inspect import inspect
from challengeflow_mabe_task1.demo import official_files


def defaults(stage, **changes):
    return {name: value["default"] for name, value in CHALLENGE.schema[stage].items()} | changes


def inspected(folder, **download):
    parts = list(mixed.PARTS) if download else None
    parameters = {"download": defaults("download", **download), "preprocess": defaults("preprocess", parts=parts)}
    return inspect(
        InspectJob(challenge="mabe-task1", source=folder, parameters=parameters, progress=Progress("inspect"))
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("h5py")
    folder = tmp_path_factory.mktemp("mixed")
    mixed.write(folder)
    return folder


def test_every_file_of_a_mixed_folder_is_accounted_for(folder):
    entries = inspected(folder, rename_parts=mixed.RENAMED)
    files = {path.name + ("/" if path.is_dir() else "") for path in folder.iterdir()}
    listed = {name for entry in entries for name in entry.files}
    assert len(files) >= 40 and files == listed
    recordings = {entry.sample: entry for entry in entries if entry.sample}
    assert {name for name, entry in recordings.items() if entry.status == "ok"} == mixed.SOUND
    assert set(recordings) == mixed.SOUND | set(mixed.BROKEN)
    assert all(reason in recordings[name].status for name, reason in mixed.BROKEN.items())
    unused = {entry.files[0]: entry.status for entry in entries if not entry.sample}
    assert set(unused) == set(mixed.UNUSED)
    assert all(reason in unused[name] for name, reason in mixed.UNUSED.items())
    assert {name for name, entry in recordings.items() if "labels" in entry.understood} == mixed.LABELLED
    assert "from 90 to 50" in recordings["cage6"].notes[0]


def test_the_run_answers_every_recording_that_inspect_calls_sound(folder, stages, true_door):
    run = stages(folder, folds=3, dataset="lab", rename_parts=mixed.RENAMED)
    shards = run.prepare(parts=list(mixed.PARTS))
    prepared = {name: Arrays(shard.prepared).attributes(name) for shard in shards for name in Arrays(shard.prepared)}
    assert {name for name, facts in prepared.items() if facts["status"] == "ok"} == mixed.SOUND
    assert {sample.id for shard in shards[:-1] for sample in shard.samples} == mixed.LABELLED
    assert all(reason in prepared[name]["status"] for name, reason in mixed.BROKEN.items())
    assert {tuple(prepared[name]["parts"]) for name in mixed.SOUND} == {mixed.PARTS}
    gold = {name: one["scores"].argmax(axis=1) for s in shards[:-1] for name, one in Arrays(s.gold).items()}
    names = prepared["cage1"]["vocabulary"]
    assert np.flatnonzero(gold["cage1"] == names.index("sniff")).tolist() == list(range(10, 40))
    assert np.flatnonzero(gold["cage9"] == names.index("fight")).tolist() == list(range(15, 45))
    assert not (folder / "ran").exists()


def test_what_was_understood_is_told(folder):
    found = {entry.sample: entry for entry in inspected(folder, rename_parts=mixed.RENAMED)}
    understood = found["CAGE3"].understood
    assert found["CAGE3"].files == ("CAGE3.TSV", "cage3_labels.csv")
    assert understood["labels"] == "fight 1, sniff 1" and understood["frames"] == "0 to 119"
    assert understood["animals"] == "black and white" and understood["frames a second"].startswith("30 (preprocess.fps")
    assert found["cage2"].understood["frames a second"] == "30"
    assert "'Sniff', 'sniff' are taken as one behaviour" in found["cage1"].notes
    assert found["cage4"].understood["parts not used"] == "whisker"


def test_labels_outside_the_track_are_told(tmp_path, deeplabcut):
    for name, bouts in (("m1", "sniff,10,20\nsniff,300,320"), ("m2", "sniff,35,60")):
        deeplabcut(tmp_path / f"{name}.csv", frames=40)
        (tmp_path / f"{name}_labels.csv").write_text(f"behaviour,start_frame,stop_frame\n{bouts}\n")
    notes = {entry.sample: entry.notes for entry in inspected(tmp_path)}
    assert notes["m1"][0].startswith("of its 2 bouts 1 lie within its track, whose last frame is 39, and the last bout")
    assert notes["m2"] == ()
    (tmp_path / "m2_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,3,99999999999\n")  # a typing error
    notes = {entry.sample: entry.notes for entry in inspected(tmp_path)}
    assert notes["m2"][0].endswith(
        "the last bout ends at 99999999999: check that both are of one video, and its frames a second"
    )


def test_the_organisers_files_are_told_too(tmp_path):
    official_files.write(tmp_path, "task1", 1, None)
    entries = inspected(tmp_path)
    assert sum(bool(entry.sample) for entry in entries) == official_files.TRAIN + official_files.TEST
    assert {entry.files[0] for entry in entries} == {path.name for path in tmp_path.iterdir()}


def test_real_files_of_other_programs_are_all_accounted_for(real):
    pytest.importorskip("h5py")
    entries = {name: entry for entry in inspected(real / "formats") for name in entry.files}
    assert set(entries) == {path.name for path in (real / "formats").iterdir()}
    assert entries["deepof_madlc.csv"].status == "ok" and "B and W" in entries["deepof_multi.csv"].status
    assert "three dimensions" in entries["anipose_points3d.h5"].status
    assert "inside it names 2 video, 2 video avi, live" in entries["boris_test.boris"].status
