"""BORIS's tables and projects as its versions write them and people edit them: what counts is read, the rest told."""

import json
import unicodedata

import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.data.folder import survey
from challengeflow_mabe_task1.formats import labels
from challengeflow_mabe_task1.formats.bouts import Bout, Choice

COLUMNS = "Observation id,Time offset (s),FPS,Subject,Behavior,Behavior type,Time,Media file name\n"


@pytest.fixture
def read(tmp_path):
    """Reads a table with these (behaviour, type, time) as labels of m1; more: other cells of all lines."""

    def of(*events, fps="30.000", media="m1.mp4", offset="0.0", subject="", last=None, **choice):
        rows = [f"m1,{offset},{fps},{subject},{name},{kind},{time},{media}\n" for name, kind, time in events]
        rows[-1] = rows[-1].replace(media, last or media)
        path = tmp_path / "m1_boris.csv"
        path.write_text(COLUMNS + "".join(rows))
        return labels.read(path, Choice(("m1",), **choice))

    return of


SNIFF = ("sniff", "START", "1.0"), ("sniff", "STOP", "2.5")


@pytest.mark.parametrize(
    "stated, fps",
    [("25.000|25.000", 25), ("25;25", 25), ("NA", None), ("25|30", None), ('"29,97"', 29.97), ("0", None)],
)
def test_the_rate_of_several_players_or_of_none(read, stated, fps):
    found = read(*SNIFF, fps=stated)
    assert found.fps == fps and found.bouts == (Bout("sniff", 1.0, 2.5),)


def test_an_event_after_the_end_of_the_video_is_of_no_other_video(read):
    assert read(*SNIFF, last="Not found").bouts == (Bout("sniff", 1.0, 2.5),)
    assert read(*SNIFF, media="NA", fps="NA").bouts == (Bout("sniff", 1.0, 2.5),)


def test_times_on_a_clock_are_seconds(read):
    assert read(("sniff", "START", "00:01:00.500"), ("sniff", "STOP", "01:00:00")).bouts == (Bout("sniff", 60.5, 3600),)


def test_events_pair_by_time_however_the_table_is_sorted(read):
    events = [
        ("a", "START", 1),
        ("a", "START", 3),
        ("a", "STOP", 3),
        ("a", "STOP", 4),
        ("b", "stop", 9),
        ("b", "start", 0),
    ]
    assert read(*events).bouts == (Bout("b", 0, 9), Bout("a", 1, 3), Bout("a", 3, 4))


def test_what_is_left_out_or_not_added_is_told(read, tmp_path):
    found = read(*SNIFF, ("rear", "POINT", 1.2), ("rear", "POINT", 1.7), offset="10.0")
    assert found.bouts == (Bout("sniff", 1.0, 2.5),)
    assert found.notes[0] == "events that are no states are left out: 'rear' 2" and "a time offset" in found.notes[1]
    with pytest.raises(InputError, match="neither START, STOP nor POINT but 'STATE'"):
        read(("sniff", "STATE", 1.0))
    head = "Observation id,Media file,Behavior,Behavior type,Start (s),Stop (s)\n"
    (tmp_path / "m2.csv").write_text(f"{head}m2,m2.mp4,rear,POINT,1.0,NA\nm2,m2.mp4,sniff,STATE,1.0,2.0\n")
    found = labels.read(tmp_path / "m2.csv", Choice(("m2",)))
    assert found.bouts == (Bout("sniff", 1, 2),) and found.notes == (
        "events that are no states are left out: 'rear' 1",
    )


def test_an_empty_subject_has_a_name_to_be_chosen_by(read):
    assert read(*SNIFF, subjects=["No focal subject"]).bouts == (Bout("sniff", 1.0, 2.5),)


def test_accents_are_the_same_however_they_are_written(tmp_path):
    decomposed, composed = (unicodedata.normalize(form, "Käfig1") for form in ("NFD", "NFC"))
    head = "Observation id,Media file,Behavior,Behavior type,Start (s),Stop (s)\n"
    sniff, other = (unicodedata.normalize(form, "schnüffeln") for form in ("NFD", "NFC"))
    rows = f"x,{decomposed}.mp4,{sniff},STATE,1,2\nx,{decomposed}.mp4,{other},STATE,3,5\n"
    (tmp_path / "all.csv").write_text(head + rows)
    found = labels.read(tmp_path / "all.csv", Choice((composed,)))
    assert len(found.bouts) == 2 and labels.vocabulary([found], None) == (other, "other")


# -- projects -------------------------------------------------------------------------------------------------------

EVENTS = [[1.0, "", "sniff", "", ""], [2.0, "", "sniff", "", ""]]


@pytest.fixture
def project(tmp_path):
    """Writes a project of an observation of m1.mp4, changed as said."""

    def write(**changes):
        one = {"file": {"1": ["m1.mp4"]}, "events": EVENTS, "media_info": {"fps": {"m1.mp4": 25.0}}} | changes
        kinds = {"0": {"type": "State event", "code": "sniff"}, "1": {"type": "Point event", "code": "rear"}}
        path = tmp_path / "all.boris"
        path.write_text(json.dumps({"observations": {"o": one}, "behaviors_conf": kinds}))
        return path

    return write


@pytest.mark.parametrize("changes, fps", [({}, 25), ({"media_info": None}, None), ({"file": {"1": "m1.mp4"}}, 25)])
def test_a_project_may_lack_what_is_not_needed(project, changes, fps):
    found = labels.read(project(**changes), Choice(("m1",)))
    assert found.bouts == (Bout("sniff", 1, 2),) and found.fps == fps


def test_points_and_events_that_the_project_does_not_define_are_told(project):
    events = [*EVENTS, [1.5, "", "rear", "", ""], [1.6, "", "gone", "", ""]]
    found = labels.read(project(events=events), Choice(("m1",)))
    assert found.notes == ("events that are no states are left out: 'gone' 1, 'rear' 1",)


@pytest.mark.parametrize("changes", [{"events": [["NA", "", "sniff"]]}, {"events": 5}, {"media_info": {"fps": 3}}])
def test_a_project_that_is_not_as_boris_writes_it_is_named(project, changes):
    with pytest.raises(InputError, match=r"all\.boris has an observation that is not as BORIS writes it"):
        labels.read(project(**changes), Choice(("m1",)))


@pytest.mark.parametrize("file", [5, {"1": None}, {"1": 5}, [["m1.mp4"]], None])
def test_a_damaged_project_does_not_keep_the_folder_from_being_looked_at(project, deeplabcut, file):
    path = project(file=file)
    deeplabcut(path.parent / "m1.csv")
    assert "all.boris" in survey(path.parent).unused
