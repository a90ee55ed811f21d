"""Tables of labels as labs keep them: times, indexes and empty cells land on the right frames."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.formats import kinds, labels
from challengeflow_mabe_task1.formats.bouts import Bout, Choice, Labels, key

NAMES = ("fight", "sniff", "other")


@pytest.fixture
def classes(tmp_path):
    """Writes a table of labels; returns the class of each frame as a letter: f, s, o, or . where nobody looked."""

    def read(text, name="m1_labels.csv", fps=30.0, frames=60, encoding="utf-8", **choice):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        assert kinds.kind(path).labels
        found = labels.read(path, Choice(("m1",), **choice))
        arrays = labels.to_array(found, NAMES), labels.known_array(found)
        numbers = labels.to_frames(*arrays, labels.about(found), fps, 0, frames, len(NAMES))
        return "".join("fso."[number] for number in numbers)

    return read


def lines(head, *rows):
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


def test_a_column_of_times_says_which_frame_a_line_is_of(classes):
    found = classes(lines("time,behaviour", *((k / 10, "sniff" if k in (2, 3) else "") for k in range(5))), fps=30)
    assert found == "o..o..s..s..o"
    found = classes(lines("time,sniff,fight", *((k / 10, int(k < 3), int(k == 2)) for k in range(5))), fps=10)
    assert found == "ssfoo"
    finer = classes(lines("Time (s),sniff,fight", *((k / 50, int(k < 20), 0) for k in range(50))), fps=25)
    assert finer == "s" * 11 + "o" * 14  # the nearest frame


def test_a_binary_table_of_boris_is_of_the_moments_it_looked_at(classes):
    found = classes("time\tfight\tsniff\n0.0\t0\t0\n1.0\t0\t1\n2.0\t1\t0\n", name="m1_labels.tsv", fps=3)
    assert found == "o..s..f"


def test_a_table_may_be_called_a_text(classes):
    assert classes("frame\tsniff\n0\t0\n1\t1\n", name="m1_labels.txt") == "os"


def test_times_may_be_written_as_on_a_clock(classes):
    assert classes("behaviour,start_s,stop_s\nsniff,00:00:01,0:00:01.5\n", fps=4, frames=8) == "oooossoo"


def test_an_index_without_a_name_is_of_frames_unless_it_counts_all_recordings(classes):
    rows = [("m0", "sniff")] * 4 + [("m1", "sniff")] * 2 + [("m1", "")] * 2
    assert classes(lines(",sequence,behaviour", *((k, *row) for k, row in enumerate(rows)))) == "ssoo"
    assert classes(lines(",sequence,behaviour", *((k % 4 + 2, *row) for k, row in enumerate(rows)))) == "..ssoo"
    assert classes(lines(",subject,sniff", *((k, "ab"[k > 3], int(k > 5)) for k in range(8))), subjects=["b"]) == "ooss"
    with pytest.raises(InputError, match="first column that are no frames; name it frame or time_s"):
        classes(lines(",sniff", *((k / 30, 1) for k in range(4))))


def test_where_people_left_out_all_zeros_an_empty_cell_is_one(classes):
    rows = [(k, "" if k < 4 else 1, 1 if k == 2 else "") for k in range(6)]
    assert classes(lines("frame,sniff,fight", *rows)) == "oofoss"
    assert classes(lines("frame,sniff,fight", *rows, (6, 0, 0), (7, "", ""))) == "..f.sso"


@pytest.mark.parametrize("yes, no", [("1.00", "0.00"), ("TRUE", "FALSE"), ("1", "-0"), (" 1 ", " 0 ")])
def test_zeros_and_ones_in_any_writing(classes, yes, no):
    assert classes(lines("frame,sniff", (0, no), (1, yes), (2, yes), (3, no))) == "osso"


def test_what_spreadsheets_add_is_no_label(classes):
    assert classes("frame;sniff;;\n0;0,0;;\n1;1,0;;\n;;;\n;;;\n", encoding="utf-8-sig") == "os"
    assert classes("behaviour,start_frame,stop_frame\n,,,\nsniff,1,2,\n,,,\n", frames=3) == "oso"
    assert classes("behaviour\nsniff\n\nsniff\n") == "sos"  # an empty line is a frame without behaviour
    assert classes("frame,behaviour,comment\n0,sniff,is it?\n1,,\n") == "so"


def test_bouts_before_the_video_are_left_out(classes):
    assert classes("behaviour,start_s,stop_s\nsniff,-3,-1\nfight,-1,1\n", fps=2, frames=4) == "ffoo"


@pytest.mark.parametrize(
    "text, message",
    [
        ('behaviour,start_frame,stop_frame\nsniff,"1,200","1,300"\n', "'1,200' where a frame number is expected"),
        ("behaviour,start_frame,stop_frame\n,10,20\n", "a bout from 10 to 20 of no behaviour"),
        ("behaviour,start_s,stop_s\nsniff,1,5,2,0\n", "more cells than there are columns"),
        ("behaviour,start_s,stop_s\nsniff,1\n", "has '' where a number is expected"),
        ("frame,sniff,sniff\n0,1,0\n", "two columns 'sniff'"),
        ("frame,behaviour\n0,sniff\n2,sniff\n1,sniff\n", "'frame' numbers that do not rise"),
        ("frame,behaviour\n0.5,sniff\n", "'frame' numbers that are no frames"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_asked(classes, text, message):
    with pytest.raises(InputError, match=message):
        classes(text)


def test_signs_that_nobody_sees_make_no_other_behaviour():
    names = ("nose sniff", "nose\u00a0sniff", "nose sniff\u200b", "\ufeffnose sniff", "ｎｏｓｅ sniff", "Nose_Sniff ")
    assert len({key(name) for name in names}) == 1


def test_rarity_is_told_over_files_in_frames_and_in_seconds():
    in_frames = Labels((Bout("fight", 0, 60),), "frames", rate=30.0)
    in_seconds = Labels((Bout("sniff", 0, 10), Bout("rear", 20, 20)), "seconds")
    assert labels.vocabulary([in_frames, in_seconds], None) == ("rear", "fight", "sniff", "other")


def test_a_table_of_simba_has_its_behaviours_among_scores_and_after_counts(tmp_path):
    points = [f"{part}_{animal}_{axis}" for animal in (1, 2) for part in ("Nose", "Tail") for axis in "xyp"]
    columns = ["", *points, "Low_prob_detections_0.1", "Probability_fight", "fight", "Probability_sniff", "sniff"]
    rows = [(k, *np.ones(12), int(k < 2), 0.25, int(k < 3), 0.5, "" if k > 4 else 1.0) for k in range(6)]
    (tmp_path / "m1.csv").write_text(lines(",".join(columns), *rows))
    found = labels.read(tmp_path / "m1.csv", Choice(("m1",)))
    assert set(found.bouts) == {Bout("fight", 0, 3), Bout("sniff", 0, 5)}
