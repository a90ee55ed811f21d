"""Files of other programs: every form gives the same poses and labels, and what is wrong is said in a sentence."""

import pickle

import numpy as np
import pandas as pd
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.formats import bento, boris_project, kinds, labels, poses
from challengeflow_mabe_task1.formats.bouts import Bout, Choice, Labels
from challengeflow_mabe_task1.formats.tracks import Poses

PARTS = ("nose", "tail")


def frame(animals=("white", "black"), frames=6, seed=0):
    """Tracks as DeepLabCut keeps them; one animal has no name."""
    columns = [
        ("DLC", *([animal] if animal else []), part, coordinate)
        for animal in animals
        for part in PARTS
        for coordinate in ("x", "y", "likelihood")
    ]
    names = ["scorer", *(["individuals"] if animals[0] else []), "bodyparts", "coords"]
    values = np.random.default_rng(seed).uniform(0, 1, (frames, len(columns))).round(3)
    values[2, 0:2] = np.nan
    return pd.DataFrame(values, columns=pd.MultiIndex.from_tuples(columns, names=names))


def save(table, path, form):
    if form == "csv":
        table.to_csv(path)
    else:
        pytest.importorskip("tables")
        table.to_hdf(path, key="df_with_missing", format=form, mode="w")


def by_hand(table, animal, part, coordinate):
    where = tuple(name for name in ("DLC", animal, part, coordinate) if name)
    return table[where].to_numpy(np.float32)


@pytest.mark.parametrize("animals", [("white", "black"), ("",)], ids=["several", "one"])
@pytest.mark.parametrize("form", ["csv", "table", "fixed"])
def test_deeplabcut_in_every_form(tmp_path, form, animals):
    table = frame(animals)
    path = tmp_path / ("a.csv" if form == "csv" else "a.h5")
    save(table, path, form)
    found = poses.read([path])
    assert found.parts == PARTS and found.points.shape == (6, len(animals), 2, 2) and found.points.dtype == np.float32
    for place, animal in enumerate(animals):
        for part, name in enumerate(PARTS):
            np.testing.assert_array_equal(found.points[:, place, 0, part], by_hand(table, animal, name, "x"))
            np.testing.assert_array_equal(found.points[:, place, 1, part], by_hand(table, animal, name, "y"))
            np.testing.assert_array_equal(found.confidence[:, place, part], by_hand(table, animal, name, "likelihood"))


def test_parts_of_the_arena_are_no_animal(tmp_path):
    table = frame(("white", "black"))
    table["DLC", "single", "corner", "x"] = table["DLC", "single", "corner", "y"] = 1.0
    table["DLC", "single", "corner", "likelihood"] = 1.0
    table.to_csv(tmp_path / "a.csv")
    assert poses.read([tmp_path / "a.csv"]).animals == ("white", "black")


def test_a_malicious_deeplabcut_file_is_refused_and_nothing_runs(tmp_path):
    h5py = pytest.importorskip("h5py")

    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = np.zeros(3, [("index", "i8"), ("values_block_0", "f8", (3,))])
        table = file.create_group("df_with_missing").create_dataset("table", data=data)
        table.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps([Evil()], 0))
    with pytest.raises(InputError, match="nothing was run"):
        poses.read([tmp_path / "a.h5"])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("dims", [None, ("frame", "track", "xy", "node")])
def test_sleap_in_either_order_of_axes(tmp_path, dims):
    h5py = pytest.importorskip("h5py")
    points = np.random.default_rng(0).uniform(0, 9, (5, 2, 2, 2)).astype(np.float32)  # frame, track, xy, node
    with h5py.File(tmp_path / "a.analysis.h5", "w") as file:
        data = file.create_dataset("tracks", data=points if dims else points.transpose(1, 2, 3, 0))
        if dims:
            data.attrs["dims"] = '["frame", "track", "xy", "node"]'
        file["point_scores"] = points[:, :, 0].transpose(1, 2, 0)
        file["node_names"] = np.array(PARTS, "S")
        file["track_names"] = np.array(["white", "black"], "S")
    found = poses.pair(poses.read([tmp_path / "a.analysis.h5"]), "black", "white", "a")
    assert found.animals == ("black", "white") and found.parts == PARTS
    np.testing.assert_array_equal(found.points, points[:, ::-1])
    np.testing.assert_array_equal(found.confidence, points[:, ::-1, 0])


def test_two_of_many_animals_are_named_or_asked_for(tmp_path):
    frame(("a", "b", "c")).to_csv(tmp_path / "a.csv")
    found = poses.read([tmp_path / "a.csv"])
    with pytest.raises(InputError, match=r"3 animals \(a, b, c\); name two"):
        poses.pair(found, "", "", "a.csv")
    with pytest.raises(InputError, match="no two animals 'a' and 'd'; it has a, b, c"):
        poses.pair(found, "a", "d", "a.csv")
    np.testing.assert_array_equal(poses.pair(found, "c", "a", "a.csv").points, found.points[:, [2, 0]])


def test_one_animal_whose_parts_carry_two_names(tmp_path):
    points = np.random.default_rng(0).uniform(0, 9, (4, 1, 2, 4)).astype(np.float32)
    together = Poses(("animal",), ("nose_white", "tail_white", "nose_black", "tail_black"), points)
    found = poses.pair(together, "black", "white", "a.csv")
    assert found.parts == ("nose", "tail")
    np.testing.assert_array_equal(found.points[:, 0], points[:, 0][:, :, [2, 3]])


def test_one_file_for_each_animal(tmp_path):
    for name, frames in (("r", 6), ("i", 4)):
        frame(("",), frames, len(name)).to_csv(tmp_path / f"{name}.csv")
    found = poses.read([tmp_path / "r.csv", tmp_path / "i.csv"])
    assert found.animals == ("r", "i") and found.points.shape == (6, 2, 2, 2)
    assert np.isnan(found.points[4:, 1]).all() and np.isfinite(found.points[3:, 0]).all()


@pytest.mark.parametrize(
    "text, message",
    [
        ("scorer,D,D\nbodyparts,a,a\ncoords,x,z\n0,1,2\n", "has a column"),
        ("scorer,D,D\nbodyparts,a,a\ncoords,x,likelihood\n0,1,2\n", "no y of 'a'"),
        ("scorer,D,D\ncoords,x,y\n0,1,2\n", "does not start with DeepLabCut's lines"),
        ("scorer,D,D\nbodyparts,a,a\ncoords,x,y\n0,1,two\n", "not all numbers"),
        ("scorer,D,D\nbodyparts,a,a\ncoords,x,y\n0,1,2,3,4\n", "below a header of 2"),
    ],
)
def test_a_damaged_deeplabcut_csv_is_named(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        poses.read([tmp_path / "a.csv"])


def test_what_a_spreadsheet_adds_to_deeplabcut_is_no_frame(tmp_path):
    table = frame()
    table.to_csv(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text().replace("likelihood", "Likelihood")
    (tmp_path / "b.csv").write_text("".join(f"{line},,\n" for line in [*text.splitlines(), "," * 12, "," * 12]))
    np.testing.assert_array_equal(poses.read([tmp_path / "b.csv"]).points, poses.read([tmp_path / "a.csv"]).points)


@pytest.mark.parametrize("form", ["table", "fixed"])
def test_an_h5_with_columns_of_two_types_is_whole(tmp_path, form):
    table = frame()
    table.to_csv(tmp_path / "a.csv")
    for column in table.columns[::3]:
        table[column] = table[column].astype(np.float32)
    save(table, tmp_path / "a.h5", form)
    found, expected = poses.read([tmp_path / "a.h5"]), poses.read([tmp_path / "a.csv"])
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_array_equal(found.confidence, expected.confidence)


def test_h5_files_that_are_none_are_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "a.h5").write_bytes(b"no h5")
    with pytest.raises(InputError, match="not a readable HDF5 file"):
        poses.read([tmp_path / "a.h5"])
    h5py.File(tmp_path / "b.h5", "w").close()
    with pytest.raises(InputError, match="neither DeepLabCut's table of tracks nor SLEAP's"):
        poses.read([tmp_path / "b.h5"])


# -- labels -----------------------------------------------------------------------------------------------------------

BOUTS = (Bout("attack", 3, 9), Bout("sniff", 12, 30))
ANNOT = """Bento annotation file
Movie file(s): a.seq b.seq

Stimulus name:
Annotation start frame: 1
Annotation stop frame: 60
Annotation framerate: 30.000000

List of channels:
Ch1

List of annotations:
attack
sniff

Ch1----------
>attack
Start\tStop\tDuration
{attack}

>sniff
Start\t Stop\t Duration
{sniff}

"""
FILES = {
    "bento-frames.annot": ANNOT.format(attack="4\t9\t6\t", sniff="13\t30\t18\t"),
    "bento-seconds.annot": ANNOT.format(attack="0.133333333333\t0.3\t0.2", sniff="0.433333333333\t1\t0.6"),
    "caltech.txt": "Caltech Behavior Annotator - Annotation File\n\nConfiguration file:\nattack\ta\nsniff\ts\n\n"
    "S1:\tstart\tend\ttype\n-----------------------------\n   \t4\t9\tattack\n   \t13\t30\tsniff\n  \n",
    "boris-old.csv": "Observation id,obs,,,,,,,\n,,,,,,,,\nindependent variables,,,,,,,,\n"
    "variable,value,,,,,,,\n,,,,,,,,\n"
    "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status\n"
    "0.1,a.mp4,2,30,,attack,,,START\n0.3,a.mp4,2,30,,attack,,,STOP\n"
    "0.4,a.mp4,2,30,,sniff,,,START\n1.0,a.mp4,2,30,,sniff,,,STOP\n",
    "boris-new.csv": "Observation id,Observation date,FPS,Subject,Behavior,Behavior type,Time,Media file name,Comment\n"
    "obs,2023,30,,attack,START,0.1,v/a.mp4,\nobs,2023,30,,attack,STOP,0.3,v/a.mp4,\nobs,2023,30,,look,POINT,0.3,v/a.mp4,\n"
    "obs,2023,30,,sniff,START,0.4,v/a.mp4,\nobs,2023,30,,sniff,STOP,1.0,v/a.mp4,\n",
    "boris-aggregated.csv": "Observation id,Media file,FPS,Subject,Behavior,Behavior type,Start (s),Stop (s),"
    "Duration (s)\n"
    "a,x.mp4,30,,attack,STATE,0.1,0.3,0.2\na,x.mp4,30,,sniff,STATE,0.4,1.0,0.6\nb,y.mp4,30,,sniff,STATE,0.1,0.2,0.1\n",
    "bouts.csv": "sequence,behaviour,start_frame,stop_frame\na,attack,3,9\nb,attack,0,1\na,sniff,12,30\n",
    "bouts-seconds.csv": "behavior,start_s,stop_s\nattack,0.1,0.3\nsniff,0.4,1.0\n",
    "by-frame.csv": "frame,label\n"
    + "".join(f"{k},{'attack' if 3 <= k < 9 else 'sniff' if 12 <= k < 30 else ''}\n" for k in range(60)),
    "one-hot.csv": "attack,sniff,other\n"
    + "".join("1,0,0\n" if 3 <= k < 9 else "0,1,0\n" if 12 <= k < 30 else "0,0,1\n" for k in range(60)),
}


def in_frames(found, frames=60, fps=30.0, names=("attack", "sniff", "other"), first=0):
    arrays = labels.to_array(found, names), labels.known_array(found)
    return labels.to_frames(*arrays, labels.about(found), fps, first, frames, len(names))


def of(*names, **choices):
    return Choice(names, **choices)


@pytest.mark.parametrize("name", FILES)
def test_every_program_means_the_same_frames(tmp_path, name):
    (tmp_path / name).write_text(FILES[name])
    assert kinds.kind(tmp_path / name).labels
    found = in_frames(labels.read(tmp_path / name, of("a")))
    expected = np.full(60, 2)
    expected[3:9], expected[12:30] = 0, 1
    assert found.tolist() == expected[: len(found)].tolist() and len(found) in (30, 60)


@pytest.mark.parametrize("program", ["bento", "boris"])
def test_what_is_exported_reads_back(tmp_path, program):
    if program == "bento":
        bento.write(tmp_path / "a.annot", BOUTS, 60, 25.0, "a.mp4")
    else:
        boris_project.write(tmp_path / "a.boris", [("a", "a.mp4", BOUTS, 60, 25.0)])
    found = labels.read(next(tmp_path.iterdir()), of("a"))
    assert in_frames(found, fps=25.0).tolist() == in_frames(Labels(BOUTS, "frames")).tolist()


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("boris-new.csv", ("STOP,0.3", "POINT,0.3"), "START of 'attack' at 0.1 s without a STOP"),
        ("boris-old.csv", (",START", ",STOP"), "STOP of 'attack' at 0.1 s without its partner"),
        (
            "boris-aggregated.csv",
            ("a,x.mp4", "c,x.mp4"),
            "observations c, b of x, y; none has the id or the media file 'a'",
        ),
        ("boris-aggregated.csv", ("0.3", "0:03"), "export times as seconds"),
        ("bento-frames.annot", ("4\t9\t6", "four\t9\t6"), "'four' where a number is expected"),
        ("bento-frames.annot", ("Bento annotation", "Another"), "expected 'Bento annotation file'"),
        ("caltech.txt", ("4\t9\t", "4\t"), "expected: start end type"),
        ("bouts.csv", ("start_frame", "begin"), "expected behaviour with start_frame and stop_frame"),
    ],
)
def test_what_is_wrong_with_a_label_file_is_said(tmp_path, name, change, message):
    (tmp_path / name).write_text(FILES[name].replace(*change))
    with pytest.raises(InputError, match=message):
        labels.read(tmp_path / name, of("a"))


def test_where_bouts_overlap_the_first_behaviour_wins_and_the_rarest_comes_first():
    found = Labels((Bout("often", 0, 50), Bout("seldom", 10, 12)), "frames")
    names = labels.vocabulary([found], None)
    assert names == ("seldom", "often", "other")
    frames = in_frames(found, 60, names=names)
    assert np.bincount(frames).tolist() == [2, 48, 10]
    assert labels.vocabulary([found], ["often"]) == ("often", "other")
    with pytest.raises(InputError, match="no label file has the behaviour 'never'; they have often, seldom"):
        labels.vocabulary([found], ["never"])


def test_frames_outside_what_was_looked_at_have_no_label():
    found = Labels((Bout("attack", 12, 14),), "frames", ((10, 20),))
    frames = in_frames(found, 30, names=("attack", "other"))
    assert len(frames) == 20 and (frames[:10] == -1).all() and frames[10:].tolist() == [1, 1, 0, 0, 1, 1, 1, 1, 1, 1]
