"""No file vanishes: it is read, or it is named with the reason; parts meet by their names."""

import time
import unicodedata

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.data import layouts, parts
from challengeflow_mabe_task1.data.folder import survey
from challengeflow_mabe_task1.formats import bento, boris_project, poses
from challengeflow_mabe_task1.formats.bouts import Bout
from challengeflow_mabe_task1.formats.kinds import Kind

LABELS = "behaviour,start_frame,stop_frame\nsniff,2,9\n"


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "lab").mkdir()
    return tmp_path / "lab"


def found(folder):
    return {one.id: (*one.poses, one.labels) for one in survey(folder).recordings}


@pytest.mark.parametrize(
    "more",
    [
        {"encoding": "utf-8-sig"},
        {"separator": ";"},
        {"separator": ";", "decimal": ",", "encoding": "utf-8-sig"},
        {"separator": "\t"},
        {"encoding": "utf-16"},
    ],
    ids=["Excel's mark", "semicolons", "decimal commas", "tabs", "utf-16"],
)
def test_tables_as_people_save_them_are_read(lab, deeplabcut, more):
    points = deeplabcut(lab / "m1.csv", **more)
    assert found(lab) == {"m1": ("m1.csv", "")}
    np.testing.assert_array_equal(poses.read([lab / "m1.csv"]).points, points)


def test_names_as_people_write_them_are_found(lab, deeplabcut):
    deeplabcut(lab / "CAGE9.CSV")
    deeplabcut(lab / "cage8.tsv", separator="\t")
    deeplabcut(lab / "mouse5DeepCut_resnet50_openfieldMay1shuffle1_100000.csv")
    deeplabcut(lab / "mouse6DLC_resnet50_x.csv")
    deeplabcut(lab / "mouse6DLC_resnet50_x_filtered.csv")
    (lab / "cage9_labels.csv").write_text("\ufeff" + LABELS.replace(",", ";"), encoding="utf-8")
    (lab / "mouse5_scored_by_anna.csv").write_text(LABELS)
    (lab / "cage8.annot").write_text(
        "\ufeffBento annotation file\n\nAnnotation stop frame: 40\n\nCh1----------\n>a\n2\t9\t8\n"
    )
    assert found(lab) == {
        "CAGE9": ("CAGE9.CSV", "cage9_labels.csv"),
        "cage8": ("cage8.tsv", "cage8.annot"),
        "mouse5": ("mouse5DeepCut_resnet50_openfieldMay1shuffle1_100000.csv", "mouse5_scored_by_anna.csv"),
        "mouse6": ("mouse6DLC_resnet50_x_filtered.csv", ""),
    }
    surveyed = survey(lab)
    assert surveyed.unused == {"mouse6DLC_resnet50_x.csv": "the same tracks as mouse6DLC_resnet50_x_filtered.csv"}
    noted = {one.id: one.notes for one in surveyed.recordings if one.notes}
    assert list(noted) == ["mouse5"] and noted["mouse5"][0].startswith("mouse5_scored_by_anna.csv was taken")


def test_every_other_file_is_named_with_its_reason(lab, deeplabcut):
    deeplabcut(lab / "m1.csv")
    (lab / "._m1.h5").write_bytes(b"\0\5\26\7shadow")
    (lab / "m1.h5").write_bytes(b"the same")
    (lab / "CollectedData_anna.csv").write_text(
        "scorer,anna,anna\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/m1/img01.png,1,2\n"
    )
    (lab / "m7_labels.csv").write_text(LABELS)
    (lab / "notes.txt").write_text("feed the mice")
    (lab / "weights.csv").write_text("mouse,weight\n1,25.5\n")
    (lab / "m1DLC_full.pickle").write_bytes(b"\x80\x04N.")
    (lab / "m2.mp4").write_bytes(b"video")
    (lab / "empty.csv").write_text("")
    (lab / "old").mkdir()
    unused = survey(lab).unused
    assert found(lab) == {"m1": ("m1.csv", "")}
    assert set(unused) == {path.name + ("/" if path.is_dir() else "") for path in lab.iterdir()} - {"m1.csv"}
    reasons = {
        "._m1.h5": "macOS",
        "m1.h5": "the same tracks as m1.csv",
        "CollectedData_anna.csv": "hand-labelled",
        "m7_labels.csv": "no poses are called 'm7'",
        "notes.txt": "no labels",
        "weights.csv": "its columns: mouse, weight",
        "m1DLC_full.pickle": "never opened",
        "m2.mp4": "a video without poses: none are called 'm2'",
        "empty.csv": "empty",
        "old/": "a folder",
    }
    assert all(reason in unused[name] for name, reason in reasons.items())


def test_two_label_files_or_two_pose_files_leave_the_others_alone(lab, deeplabcut, stages):
    for name in ("m1", "m2", "m3", "m3DLC_x"):
        deeplabcut(lab / f"{name}.csv")
    for name in ("m1.annot", "m1_labels.csv", "m2_labels.csv"):
        (lab / name).write_text(LABELS)
    (lab / "m1.annot").write_text("Bento annotation file\n")
    made = stages(lab, folds=1, dataset="lab")
    train, test = made.prepare()
    assert [sample.id for sample in train.samples] == ["m2"] and [s.id for s in test.samples] == ["m1", "m3"]
    prepared = Arrays(test.prepared)
    assert "choose one in recordings.csv" in prepared.attributes("m1")["notes"][0]
    assert prepared.attributes("m1")["status"] == "ok"
    assert prepared.attributes("m3")["status"].startswith("m3.csv and m3DLC_x.csv are all poses of it")


def test_a_table_that_names_the_recordings_names_what_it_leaves_out(lab, deeplabcut):
    for name in ("m1", "m2"):
        deeplabcut(lab / f"{name}.csv")
    text = "\ufeffRecording;Poses;Labels;\nk\xe4fig 1;m1.csv;;\n"
    (lab / "Recordings.csv").write_text(text, encoding="utf-8")
    assert found(lab) == {"k\xe4fig 1": ("m1.csv", "")}
    assert survey(lab).unused == {"m2.csv": "Recordings.csv does not name it"}
    (lab / "Recordings.csv").write_bytes(text[1:].encode("latin-1"))
    assert found(lab) == {"k\xe4fig 1": ("m1.csv", "")}


# -- parts ------------------------------------------------------------------------------------------------------------


def prepared_parts(run, **parameters):
    shards = run.prepare(**parameters)
    return {
        name: (Arrays(s.prepared).attributes(name), Arrays(s.prepared)) for s in shards for name in Arrays(s.prepared)
    }


def test_parts_meet_by_name_whatever_their_order(lab, deeplabcut, stages):
    first = deeplabcut(lab / "m1.csv", parts=("nose", "Tail_base", "neck"))
    second = deeplabcut(lab / "m2.csv", parts=("neck", "nose", "tail base", "whisker"), seed=1)
    deeplabcut(lab / "m3.csv", parts=("nose", "neck"))
    made = prepared_parts(stages(lab, splits=("test",), gold_splits=(), dataset="lab"))
    assert made["m1"][0]["parts"] == made["m2"][0]["parts"] == ["nose", "tail base", "neck"]
    np.testing.assert_array_equal(made["m1"][1]["m1"]["keypoints"], first)
    np.testing.assert_array_equal(made["m2"][1]["m2"]["keypoints"], second[..., [1, 2, 0]])
    status = made["m3"][0]["status"]
    assert status.startswith("has no tail base among its parts (nose, neck)") and "'rename_parts'" in status


def test_a_map_renames_and_a_list_chooses(lab, deeplabcut, stages):
    deeplabcut(lab / "m1.csv", parts=("nose", "tail"))
    deeplabcut(lab / "m2.csv", parts=("Snout", "tail"))
    run = stages(lab, splits=("test",), gold_splits=(), dataset="lab", rename_parts={"snout": "nose"})
    made = prepared_parts(run, parts=["tail", "nose"])
    assert [made[name][0]["parts"] for name in ("m1", "m2")] == [["tail", "nose"]] * 2


@pytest.mark.parametrize(
    "recordings, used",
    [
        ([("a", "b", "c")] * 9 + [("a", "b")], ["a", "b", "c"]),
        ([("a", "b", "c")] * 4 + [("c", "b", "a", "d")] * 6, ["a", "b", "c"]),
        ([(), ("b", "a")], ["b", "a"]),
        ([()], []),
    ],
)
def test_the_parts_in_common_keep_most_points(recordings, used):
    assert parts.common(recordings) == used


def test_a_model_takes_parts_by_name_and_says_what_is_missing(stages, clip_stages):
    from challengeflow_mabe_task1.features.pose_recipe import Recipe, fitted

    recipe = Recipe(("sniff", "other"), ("nose", "tail"), (1, 0))
    points = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)
    facts = {"vocabulary": ["sniff", "other"], "parts": ["tail", "ear", "nose"]}
    np.testing.assert_array_equal(fitted(recipe, facts, points, "m1"), points[..., [2, 0]])
    with pytest.raises(InputError, match=r"has no nose among its parts \(tail, snout\).*'rename_parts'"):
        fitted(recipe, facts | {"parts": ["tail", "snout"]}, points[..., :2], "m1")


def test_an_animal_that_is_never_seen_does_not_count(lab, deeplabcut):
    deeplabcut(lab / "m1.csv", animals=("a", "b", "c"))
    both = poses.read([lab / "m1.csv"])
    both.points[:, 2] = np.nan
    assert poses.pair(both, "", "", "m1.csv").animals == ("a", "b")


def test_infinite_points_are_missing_without_a_complaint(lab, deeplabcut):
    deeplabcut(lab / "m1.csv")
    text = (lab / "m1.csv").read_text().splitlines()
    cells = text[6].split(",")
    cells[1], cells[4] = "inf", "1e300"
    (lab / "m1.csv").write_text("\n".join([*text[:6], ",".join(cells), *text[7:]]) + "\n")
    with np.errstate(all="raise"):
        assert np.isnan(poses.read([lab / "m1.csv"]).points).sum() == 2


# -- names and links ---------------------------------------------------------------------------------------------------


def test_accents_and_capitals_of_names_do_not_matter(lab, deeplabcut):
    decomposed, composed = (unicodedata.normalize(form, "Käfig") for form in ("NFD", "NFC"))
    deeplabcut(lab / f"{decomposed}.csv")
    (lab / f"{composed}_labels.csv").write_text(LABELS)
    assert found(lab) == {decomposed: (f"{decomposed}.csv", f"{composed}_labels.csv")}
    (lab / "recordings.csv").write_text(f"recording,poses,labels\nk,{composed.upper()}.csv,{composed}_LABELS.csv\n")
    assert found(lab) == {"k": (f"{decomposed}.csv", f"{composed}_labels.csv")}


def test_a_bento_file_is_of_the_video_that_it_names(lab, deeplabcut):
    deeplabcut(lab / "mouse 1.csv")
    deeplabcut(lab / "m2.csv")
    bento.write(lab / "mouse_1.annot", [Bout("sniff", 4, 9)], 40, 30.0, "mouse 1")  # as answers are exported
    bento.write(lab / "anna.annot", [Bout("sniff", 4, 9)], 40, 30.0, r"Z:\day 1\top cam.seq Z:\day 1\m2.seq")
    assert found(lab) == {"mouse 1": ("mouse 1.csv", "mouse_1.annot"), "m2": ("m2.csv", "anna.annot")}


def test_what_trackers_leave_beside_their_tracks_is_no_second_track(lab, deeplabcut):
    tracked = "m1DLC_resnet50_openfieldMay1shuffle1_100"
    deeplabcut(lab / f"{tracked}.csv")
    for name in (f"{tracked}_skeleton.h5", f"{tracked}_labeled.mp4", "m1.mp4", "m1.avi", "lab.boris.gz"):
        (lab / name).write_bytes(b"x")
    (lab / "gone.csv").symlink_to(lab / "nowhere.csv")
    (lab / "labels.v001.000_m2.analysis.h5").write_bytes(b"x")  # as SLEAP calls its exports
    surveyed = survey(lab)
    assert found(lab) == {"m1": (f"{tracked}.csv", ""), "m2": ("labels.v001.000_m2.analysis.h5", "")}
    assert surveyed.videos == {"m1": "m1.avi"} and surveyed.unused == {
        f"{tracked}_skeleton.h5": "DeepLabCut's bones, which are no track",
        f"{tracked}_labeled.mp4": f"a video without poses: none are called '{tracked}_labeled'",
        "m1.mp4": "m1.avi is taken as the video of m1",
        "lab.boris.gz": "an archive; unpack it",
        "gone.csv": "a link to a file that is not there",
    }


def test_labels_that_others_go_before_are_told(lab, deeplabcut):
    for name in ("m1", "m2"):
        deeplabcut(lab / f"{name}.csv")
    (lab / "m1_labels.csv").write_text(LABELS)
    boris_project.write(lab / "answers.boris", [(name, f"{name}.mp4", [], 40, 30.0) for name in ("m1", "m2")])
    notes = {one.id: one.notes for one in survey(lab).recordings}
    assert notes["m1"] == ("answers.boris has labels of it too; m1_labels.csv goes first",)


def test_whole_numbers_are_tracks_too(lab):
    np.savez(lab / "clips.npz", one=np.ones((5, 2, 2, 7), int), two=np.ones((6, 2, 2, 7)), frames=np.arange(5))
    assert list(found(lab)) == ["clips/one", "clips/two"]
    np.savez(lab / "clips.npz", frames=np.arange(5))
    with pytest.raises(InputError, match="no array that may be a track"):
        list(layouts.read(lab / "clips.npz"))


@pytest.mark.parametrize(
    "lines, message",
    [
        ("recording,poses,split\nm1,m1.csv,validation\n", "has the split 'validation'; expected train, test"),
        ("recording,poses\nm1,m1.csv\nm1,m1.csv\n", "line 3 of .*: the recording 'm1' is listed twice"),
        ("recording,poses,fps\nm1,m1.csv,fast\n", "has the fps 'fast'"),
    ],
)
def test_a_wrong_line_of_the_table_is_named(lab, lines, message):
    (lab / "recordings.csv").write_text(lines)
    with pytest.raises(InputError, match=message):
        survey(lab)


def test_the_table_may_come_from_a_spreadsheet(lab, deeplabcut):
    deeplabcut(lab / "m1.csv")
    (lab / "recordings.csv").write_text("\ufeffrecording;poses;split;fps\nm1;m1.csv;Test;29,97\n", encoding="utf-8")
    (one,) = survey(lab).recordings
    assert one.split == "test" and float(one.fact("fps")) == 29.97


def test_files_of_any_name_are_found(lab, deeplabcut):
    for name in ("=m", "a|b", "m'1\""):
        deeplabcut(lab / f"{name}.csv")
        (lab / f"{name}_labels.csv").write_text(LABELS)
    assert [one.labels for one in survey(lab).recordings] == ["=m_labels.csv", "a|b_labels.csv", "m'1\"_labels.csv"]
    (lab / "recordings.csv").write_text("recording,poses\nx,a|b.csv\ny,=m.csv|a|b.csv\n")
    assert survey(lab).recordings[0].poses == ("a|b.csv",)


def test_animals_are_the_same_in_capitals(lab, deeplabcut):
    points = deeplabcut(lab / "m1.csv", animals=("Black", "WHITE", "other"))
    found = poses.pair(poses.read([lab / "m1.csv"]), "white", "black", "m1")
    assert found.animals == ("WHITE", "Black")
    np.testing.assert_array_equal(found.points, points[:, [1, 0]])
    with pytest.raises(InputError, match=r"1 animal \(one\), two are needed; name the files of both in recordings.csv"):
        deeplabcut(lab / "m2.csv", animals=("one",))
        poses.pair(poses.read([lab / "m2.csv"]), "", "", "m2")


def test_animals_are_the_same_in_any_order_of_their_columns(lab, deeplabcut, stages):
    first = deeplabcut(lab / "m1.csv", animals=("black", "white"))
    second = deeplabcut(lab / "m2.csv", animals=("white", "black"), seed=1)
    (lab / "m1_labels.csv").write_text(LABELS)
    (lab / "m2_labels.csv").write_text(LABELS)
    run = stages(lab, folds=1, dataset="lab")
    prepared = Arrays(run.prepare()[0].prepared)
    np.testing.assert_array_equal(prepared["m1"]["keypoints"], first)
    np.testing.assert_array_equal(prepared["m2"]["keypoints"], second[:, ::-1])
    assert "as elsewhere black is the resident" in prepared.attributes("m2")["notes"][0]


@pytest.mark.parametrize("table", [False, True], ids=["by their names", "recordings.csv"])
def test_ten_times_the_recordings_take_at_most_fifteen_times_as_long(tmp_path, monkeypatch, table):
    """A look at all recordings for each label file, or at all files for each line, would take a hundred times."""
    kinds = {".csv": Kind("DeepLabCut", poses=True), ".annot": Kind("Bento", labels=True)}
    monkeypatch.setattr(survey.__globals__["kinds"], "kind", lambda path: kinds[path.suffix])
    monkeypatch.setattr(survey.__globals__["labels"], "names_inside", lambda path: set())

    def seconds(recordings):
        folder = tmp_path / str(recordings)
        folder.mkdir(exist_ok=True)
        names = [f"m{number:05}" for number in range(recordings)]
        for name in names:
            (folder / f"{name}.csv").touch()
            (folder / f"{name}-x.annot").touch()  # known by its beginning alone
        if table:
            lines = ["recording,poses,labels", *(f"{name},{name}.csv,{name}-X.annot" for name in names)]
            (folder / "recordings.csv").write_text("\n".join(lines) + "\n")
        started = time.process_time()
        assert all(one.labels == f"{one.id}-x.annot" for one in survey(folder).recordings)
        return time.process_time() - started

    assert min(seconds(1_500) / seconds(150) for _ in range(3)) < 15
