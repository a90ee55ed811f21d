"""Labels say what people meant: overlaps, spellings, subjects, people, channels and videos are never guessed at."""

import json

import numpy as np
import pytest

from challengeflow import InputError, read_samples
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.data import sequences
from challengeflow_mabe_task1.formats import bento, boris_project, labels
from challengeflow_mabe_task1.formats.bouts import Bout, Choice

TABULAR = "Observation id,Media file name,FPS,Subject,Behavior,Behavior type,Time\n"


@pytest.fixture
def lab(tmp_path, deeplabcut):
    folder = tmp_path / "lab"
    folder.mkdir()
    for number in (1, 2):
        deeplabcut(folder / f"m{number}.csv", frames=300, seed=number)
    (folder / "m2_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,10,20\nfight,30,40\n")
    return folder


@pytest.fixture
def prepare(lab, stages):
    def run(**download):
        made = stages(lab, folds=1, dataset="lab", **download)
        train, test = made.prepare()
        gold, prepared = Arrays(train.gold), Arrays(train.prepared)
        names = prepared.attributes("m2")["vocabulary"]
        frames = {}
        for name in gold:
            scores = gold[name]["scores"]
            classes = np.where(scores.any(axis=1), scores.argmax(axis=1), -1)
            frames[name] = {names[k]: np.flatnonzero(classes == k).tolist() for k in range(len(names))}
        rest = Arrays(test.prepared)
        return names, frames, {name: rest.attributes(name)["notes"] for name in rest}

    return run


def flags(columns, frames=300):
    """A 0/1 table: column -> frames at which it is 1."""
    head = ",".join(["frame", *columns])
    rows = (",".join([str(at), *(str(int(at in own)) for own in columns.values())]) for at in range(frames))
    return "\n".join([head, *rows]) + "\n"


def test_where_columns_overlap_the_wanted_order_decides(lab, prepare):
    (lab / "m1_labels.csv").write_text(flags({"sniff": range(200), "fight": range(100, 150)}))
    names, frames, _ = prepare(behaviours=["fight", "sniff"])
    assert names == ["fight", "sniff", "other"] and frames["m1"]["fight"] == list(range(100, 150))
    assert len(frames["m1"]["sniff"]) == 150


def test_only_the_wanted_columns_enter(lab, prepare):
    (lab / "m1_labels.csv").write_text(flags({"sniff": range(200), "fight": range(100, 150)}))
    names, frames, _ = prepare(behaviours=["fight"])
    assert names == ["fight", "other"] and frames["m1"]["fight"] == list(range(100, 150))
    assert len(frames["m1"]["other"]) == 250


def test_a_background_column_is_no_behaviour_and_minus_one_no_label(lab, prepare):
    lines = [",background,sniff,fight"]
    for at in range(100):
        cells = ("-1", "-1", "-1") if at >= 80 else ("0", "1", "0") if 10 <= at < 30 else ("1", "0", "0")
        lines.append(",".join([str(at), *cells]))
    (lab / "m1_labels.csv").write_text("\n".join(lines) + "\n")
    names, frames, _ = prepare()
    assert "background" not in names and frames["m1"]["sniff"] == list(range(10, 30))
    assert frames["m1"]["other"] == [*range(10), *range(30, 80)]  # from frame 80 on nobody looked


def test_minus_one_in_a_line_a_frame_is_no_class(lab, prepare):
    lines = [f"{at},{'sniff' if at < 5 else '-1' if at < 10 else ''}" for at in range(20)]
    (lab / "m1_labels.csv").write_text("\n".join(["frame,label", *lines]) + "\n")
    names, frames, _ = prepare()
    assert "-1" not in names and frames["m1"]["sniff"] == list(range(5))
    assert frames["m1"]["other"] == list(range(10, 20))


# -- names ------------------------------------------------------------------------------------------------------------


def test_spellings_of_one_behaviour_are_one_class(lab, prepare):
    (lab / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nSniff,50,90\nfight ,100,110\nsniff,120,125\n")
    names, frames, _ = prepare()
    assert names == ["fight", "Sniff", "other"]  # the spelling of most frames
    assert [len(frames["m1"][name]) for name in names[:2]] == [10, 45] and len(frames["m2"]["Sniff"]) == 10


def test_another_spelling_is_told(lab, stages):
    (lab / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nSniff,50,90\n")
    train = stages(lab, folds=1, dataset="lab").prepare()[0]
    prepared = Arrays(train.prepared)
    assert {name: prepared.attributes(name)["notes"] for name in prepared} == {
        "m1": [],
        "m2": ["'sniff' is taken as 'Sniff'"],
    }


def test_a_bar_in_a_behaviour_stays_in_its_name(lab, prepare):
    (lab / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff|face,50,90\n")
    names, frames, _ = prepare()
    assert names == ["fight", "sniff", "sniff|face", "other"] and frames["m1"]["sniff|face"] == list(range(50, 90))


def test_an_answer_corrected_in_bento_keeps_its_class(lab, tmp_path):
    bento.write(tmp_path / "m1.annot", [Bout("anogenital sniff", 5, 9)], 40, 30.0, "m1.mp4")
    corrected = labels.read(tmp_path / "m1.annot", Choice(("m1",)))
    assert corrected.bouts[0].behaviour == "anogenital_sniff"
    names = ("anogenital sniff", "other")
    assert labels.to_array(corrected, names).tolist() == [[0, 5, 9]]
    both = [corrected, corrected.__class__((Bout("anogenital sniff", 0, 90),), "frames")]
    assert labels.vocabulary(both, None) == names
    assert labels.merged_spellings(both) == ["'anogenital sniff', 'anogenital_sniff' are taken as one behaviour"]


@pytest.mark.parametrize("name", ["sniff|face", "chase & fight", "attack?", "m1>m2", "groom, self", "näher+"])
def test_signs_that_bento_cannot_write_come_back(tmp_path, name):
    bento.write(tmp_path / "m1.annot", [Bout(name, 5, 9)], 40, 30.0, "m1.mp4", [name, "rest"])
    corrected = labels.read(tmp_path / "m1.annot", Choice(("m1",)))
    assert labels.to_array(corrected, (name, "rest", "other")).tolist() == [[0, 5, 9]]
    original = labels.Labels((Bout(name, 0, 2),), "frames")
    assert labels.vocabulary([corrected, original], None) == (name, "other")
    assert labels.vocabulary([corrected], [name]) == (name, "other") and labels.respelled(corrected, [name]) == []


def test_a_name_of_bento_that_may_stand_for_two_is_neither():
    found = labels.Labels((Bout("a_b", 0, 2), Bout("a+b", 2, 4), Bout("a&b", 4, 6)), "frames")
    assert labels.vocabulary([found], None) == ("a&b", "a+b", "a_b", "other")


# -- subjects, people, channels, other videos ----------------------------------------------------------


def events(*rows, name="m1", media="m1.mp4"):
    return TABULAR + "".join(f"{name},{media},30,{','.join(map(str, row))}\n" for row in rows)


BOTH = [
    ("black", "sniff", "START", 1.0),
    ("white", "sniff", "START", 1.5),
    ("black", "sniff", "STOP", 2.0),
    ("white", "sniff", "STOP", 3.0),
]


def test_start_and_stop_belong_together_by_subject(lab, prepare):
    (lab / "m1_boris.csv").write_text(events(*BOTH))
    _, frames, _ = prepare(subjects=["white"])
    assert frames["m1"]["sniff"] == list(range(45, 90))
    assert labels.read(lab / "m1_boris.csv", Choice(("m1",), subjects=("black", "white"))).bouts == (
        Bout("sniff", 1.0, 2.0),
        Bout("sniff", 1.5, 3.0),
    )


def test_a_subject_is_chosen_in_any_capitals(lab):
    (lab / "m1_boris.csv").write_text(events(*BOTH))
    assert labels.read(lab / "m1_boris.csv", Choice(("m1",), subjects=("White ",))).bouts == (Bout("sniff", 1.5, 3.0),)


def test_several_subjects_are_never_merged_unasked(lab, prepare):
    (lab / "m1_boris.csv").write_text(events(*BOTH))
    _, frames, notes = prepare()
    assert "m1" not in frames and list(notes) == ["m1"]
    assert "labels of the subjects 'black', 'white'; choose one or more" in notes["m1"][0]


def test_channels_of_bento_are_a_choice(lab, prepare):
    def channel(name, start, stop):
        return f"{name}----------\n>sniff\nStart\tStop\tDuration\n{start}\t{stop}\t1\n\n"

    text = "Bento annotation file\n\nAnnotation start frame: 1\nAnnotation stop frame: 300\n\n"
    (lab / "m1.annot").write_text(text + channel("Ch1", 11, 20) + channel("MARS_output", 101, 200))
    _, frames, notes = prepare()
    assert "m1" not in frames and "labels of the channels 'Ch1', 'MARS_output'" in notes["m1"][0]


def test_streams_of_the_caltech_annotator_are_a_choice(lab, prepare):
    head = "Caltech Behavior Annotator - Annotation File\n\nConfiguration file:\nsniff\ts\nother\to\n\n"
    one = "S1:\tstart\tend\ttype\n-----------------------------\n   \t11\t20\tsniff\n  \t21\t300\tother\n\n"
    (lab / "m1_annot.txt").write_text(head + one + one.replace("S1", "S2").replace("11\t20\tsniff", "1\t20\tother"))
    assert labels.read(lab / "m1_annot.txt", Choice(("m1",))).bouts[0] == Bout("sniff", 10, 20)  # S2 says nothing
    (lab / "m1_annot.txt").write_text(head + one + one.replace("S1", "S2").replace("11", "1"))
    with pytest.raises(InputError, match="labels of the channels 'S1', 'S2'; choose"):
        labels.read(lab / "m1_annot.txt", Choice(("m1",)))
    assert prepare(channels=["S2"])[1]["m1"]["sniff"] == list(range(20))


def test_a_chosen_channel_is_the_only_one(lab, prepare):
    text = "Bento annotation file\n\nAnnotation start frame: 1\nAnnotation stop frame: 300\n\n"
    text += "Ch1----------\n>sniff\nStart\tStop\tDuration\n11\t20\t10\n\nMARS_output----------\n>sniff\n101\t200\t100\n"
    (lab / "m1.annot").write_text(text)
    assert prepare(channels=["Ch1"])[1]["m1"]["sniff"] == list(range(10, 20))


def test_people_in_one_table_are_a_choice(lab, prepare):
    rows = "anna,sniff,10,20\nben,sniff,100,200\n"
    (lab / "m1_labels.csv").write_text(f"observer,behaviour,start_frame,stop_frame\n{rows}")
    assert prepare(observers=["anna"])[1]["m1"]["sniff"] == list(range(10, 20))


def test_observations_of_another_video_or_of_two_people_are_not_taken(lab):
    (lab / "m1_boris.csv").write_text(events(*BOTH[:1], *BOTH[2:3], name="x", media="other.mp4"))
    with pytest.raises(InputError, match="observations x of other; none has the id or the media file 'm1'"):
        labels.read(lab / "m1_boris.csv", Choice(("m1",)))
    two = events(*BOTH[:1], *BOTH[2:3], name="anna") + events(*BOTH[:1], *BOTH[2:3], name="ben").split("\n", 1)[1]
    (lab / "m1_boris.csv").write_text(two)
    with pytest.raises(InputError, match="observations anna, ben of recording 'm1'; choose one"):
        labels.read(lab / "m1_boris.csv", Choice(("m1",)))
    assert len(labels.read(lab / "m1_boris.csv", Choice(("m1",), observation="ben")).bouts) == 1


@pytest.mark.parametrize(
    "text, message",
    [
        ("behaviour,start_frame,stop_frame\nsniff,90,50\n", "a bout of 'sniff' from 90 to 50"),
        ("behaviour,start_frame,stop_frame\nsniff,90,\n", "has '' where a number is expected"),
        ("behaviour,start_s,stop_s\nsniff,1,inf\n", "has 'inf' where a number is expected"),
        ("behaviour,start_frame,stop_frame\nsniff,90,90\n", "from 90 to 90"),
    ],
)
def test_bouts_that_cannot_be_are_named_and_their_recording_still_answered(lab, prepare, text, message):
    (lab / "m1_labels.csv").write_text(text)
    _, frames, notes = prepare()
    assert "m1" not in frames and message in notes["m1"][0] and notes["m1"][0].startswith("not trained on")


def test_labels_come_back_from_a_boris_project_of_many_videos(lab, prepare):
    answers = [("m1", "m1.mp4", [Bout("sniff", 30, 60), Bout("fight", 45, 90)], 300, 30.0)]
    boris_project.write(lab / "answers.boris", [*answers, ("m9", "m9.mp4", [], 300, 30.0)])
    _, frames, _ = prepare(behaviours=["fight", "sniff"])
    assert frames["m1"]["fight"] == list(range(45, 90)) and frames["m1"]["sniff"] == list(range(30, 45))


def test_a_project_with_an_open_state_is_named(lab):
    boris_project.write(lab / "m1.boris", [("m1", "m1.mp4", [Bout("sniff", 30, 60)], 300, 30.0)])
    project = json.loads((lab / "m1.boris").read_text())
    project["observations"]["m1"]["events"].pop()
    (lab / "m1.boris").write_text(json.dumps(project))
    with pytest.raises(InputError, match="START of 'sniff' at 1 s without a STOP"):
        labels.read(lab / "m1.boris", Choice(("m1",)))


def test_an_observation_over_several_videos_is_not_taken(lab):
    two = (
        events(*BOTH[:1], name="day1", media="m1.mp4")
        + events(*BOTH[2:3], name="day1", media="m9.mp4").split("\n", 1)[1]
    )
    (lab / "m1_boris.csv").write_text(two)
    for choice in (Choice(("m1",)), Choice(("m1",), observation="day1")):
        with pytest.raises(InputError, match=r"several videos one after the other \(m1.mp4, m9.mp4\)"):
            labels.read(lab / "m1_boris.csv", choice)


def test_real_projects_and_tables_of_boris(real):
    def bouts(name, *names, **chosen):
        return [tuple(bout) for bout in labels.read(real / "formats" / name, Choice(names, **chosen)).bouts]

    table = bouts("boris_test_export_events_tabular.csv", "video_test_25fps_360s", subjects=("subject1",))
    assert table[:2] == [("s", 3.3, 7.75), ("s", 9.9, 16.2)]
    assert bouts("boris_test.boris", "x", observation="observation #1", subjects=("subject1",)) == table
    assert bouts("boris_test2.boris", "modifiers") == [("r", 19.175, 27.95), ("r", 30.425, 40.825)]
    with pytest.raises(InputError, match="'No focal subject', 'subject2'"):
        bouts("boris_test.boris", "live")


def test_the_sample_table_holds_lists_as_json(lab, stages):
    made = stages(lab, folds=1, dataset="lab")
    made.index()
    sample = read_samples(made.root / "index" / "samples.csv")[0]
    assert sequences.listed(sample.columns["vocabulary"]) == ["fight", "sniff", "other"]
    assert sequences.listed(sample.columns["file"]) == ["m1.csv"]
