"""A lab's own videos: two columns of labels suffice, and whatever lies in the folder is read, listed, or told."""

import gzip
import time

import pytest
from clog_loss_small_videos import write_small_video

from challengeflow import DownloadJob, InputError, Sample
from challengeflow.arrays import Arrays, Predictions
from challengeflow_clog_loss.data import index, own_labels


def write_labels(folder, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(text)
    return str(folder)


def test_two_columns_of_labels_suffice(tmp_path, stages):
    lab = write_labels(tmp_path / "lab", "filename,stalled\nb.mov,1\na.mp4,0\n")
    for name in ("a.mp4", "b.mov", "c.avi"):
        write_small_video(tmp_path / "lab" / name, container="mp4")
    samples = stages.index(lab)
    assert [(s.id, s.split, s.group) for s in samples] == [("b", "train", "b"), ("a", "train", "a"), ("c", "test", "c")]
    train = tuple(sample for sample in samples if sample.split == "train")
    stages.download(lab, "train-0", train)
    shard = stages.preprocess("train-0", train, labelled=True)
    assert Arrays(shard.prepared).ok() == ["b", "a"]
    assert [float(Predictions(shard.gold)[name][0]) for name in ("b", "a")] == [1.0, 0.0]


def test_a_column_of_projects_groups_the_videos(tmp_path, stages):
    text = "\ufefffilename,stalled,project_id\na.mp4,1,mouse 1\nb.mp4,0,mouse 1\nc.mp4,0,mouse 2\n"
    lab = write_labels(tmp_path / "lab", text)
    (tmp_path / "lab" / "mouse 1.mp4").touch()  # a video to be answered that has the name of a project
    groups = [(sample.split, sample.group) for sample in stages.index(lab)]
    assert groups == [*(("train", f"mouse {number}") for number in (1, 1, 2)), ("test", "mouse 1 (video)")]


@pytest.mark.parametrize(
    "text",
    [
        "Filename;STALLED;notes\r\na;1;\r\n\r\nB.MOV;0;old\r\n;;\r\n",
        "stalled\tfilename\nYes\ta.mp4\nno\tb\n",
        '"filename" , "stalled"\n a.mp4 , TRUE \n b.mov , False\n',
        "\ufefffilename,stalled,\na,stalled,\nb,Flowing\n",
        "filename,stalled\ra.mp4,1.0\rb.mov,0.0\r",
    ],
)
def test_labels_are_read_as_spreadsheets_and_people_write_them(tmp_path, text):
    (tmp_path / "labels.csv").write_text(text)
    read = own_labels.read(tmp_path / "labels.csv", ["a.mp4", "b.mov", "c.mp4"])
    assert [(label.filename, label.stalled) for label in read] == [("a.mp4", 1), ("b.mov", 0)]


def test_accents_are_the_same_however_they_are_spelled(tmp_path):
    (tmp_path / "labels.csv").write_text("filename,stalled\ne\u0301.mp4,1\n")
    assert own_labels.read(tmp_path / "labels.csv", ["\u00e9.mp4"])[0].filename == "\u00e9.mp4"


def test_one_name_before_two_endings_is_two_videos(tmp_path, stages):
    lab = write_labels(tmp_path / "lab", "filename,stalled\na.mp4,1\nb.mp4,0\n")
    for name in ("a.mp4", "a.avi", "b.mp4"):
        (tmp_path / "lab" / name).touch()
    assert [(s.id, s.split) for s in stages.index(lab)] == [("a.mp4", "train"), ("b", "train"), ("a.avi", "test")]
    (tmp_path / "lab" / "test").mkdir()
    (tmp_path / "lab" / "test" / "a.avi").touch()
    with pytest.raises(InputError, match=r"a\.avi is both in .*lab and in .*test; keep one, or rename it"):
        stages.index(lab)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename,stalled\na.mp4,maybe\n", "line 2: stalled is 'maybe', expected 0"),
        ("filename,stalled\na.mp4,\n", "line 2: stalled is '', expected 0 .*; leave out videos whose answer is not"),
        ("filename,stalled\na.mp4,1\na,1\n", r"line 3: a\.mp4 is listed before, in line 2; list it once"),
        ("filename,stalled\nsub/a.mp4,1\n", "line 2: 'sub/a.mp4' must be a file name, without folder"),
        ("filename,stalled\nb,1\n", r"line 2: 'b' may be any of b\.avi, b\.mov; write the name in full"),
        ("filename,stalled\na,b.mp4,1\n", "line 2: 3 values, expected 2 as in line 1"),
        ('filename,stalled,notes\na.mp4,1,"x\ny"\nb.mov,?,\n', r"line 4: stalled is '\?'"),
        ("file,label\na.mp4,1\n", "has the columns file,label; expected filename,stalled"),
        ("filename,stalled\n", "lists no video; write a line for each"),
        ("", r"has the columns \(none\); expected"),
    ],
)
def test_wrong_labels_are_named(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        own_labels.read(tmp_path / "labels.csv", ["a.mp4", "b.mov", "b.avi"])


def test_a_table_that_fills_the_memory_ends_in_a_sentence(tmp_path, stages):
    block = gzip.compress(bytes(32 << 20), mtime=0)
    (tmp_path / "train_labels.csv.gz").write_bytes(block * 40)  # 1.3 MB that are 1.3 GB, all in one line
    with pytest.raises(InputError, match="takes more than the 100 MiB of memory"):
        stages.index(str(tmp_path), memory_mb=100)


def test_a_folder_without_labels_says_what_to_do(tmp_path, stages):
    write_small_video(tmp_path / "a.mp4")
    with pytest.raises(InputError, match=r"no labels to train on: put a labels\.csv"):
        stages.index(str(tmp_path))


def test_what_lies_in_a_folder_is_read_listed_or_told(tmp_path, stages, capfd):
    own = tmp_path / "own"
    own.mkdir()
    write_small_video(own / "a.mp4")
    write_small_video(own / "a.avi", container="avi")
    write_small_video(own / "c.mov", container="mov")
    write_small_video(own / "d.gif", container="gif", codec="gif", codec_format="rgb8")
    (own / "e.tif").write_bytes(b"II*\0" + bytes(100))
    (own / "notes.txt").write_text("none")
    samples: tuple[Sample, ...] = tuple(stages.index(str(own), splits=("test",), gold=()))
    assert [sample.id for sample in samples] == ["a.avi", "a.mp4", "c", "d", "e"]
    assert "1 files are no videos by their names and are left out, as notes.txt" in capfd.readouterr().err
    stages.download(str(own), "test-0", samples)
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert prepared.ok() == ["a.avi", "a.mp4", "c", "d"]
    assert prepared.attributes("e")["status"].startswith("a tif stack")


def test_ten_times_the_videos_take_at_most_fifteen_times_as_long(tmp_path, stages):
    """A look at all labels for each video would take a hundred times as long."""

    def seconds(videos):
        names = [f"{number:05}.mp4" for number in range(videos)]
        labels = "".join(f"{name},{number % 2}\n" for number, name in enumerate(names[::2]))
        lab = write_labels(tmp_path / f"lab-{videos}", f"filename,stalled\n{labels}")
        for name in names:
            (tmp_path / f"lab-{videos}" / name).touch()
        folders = {"gold": stages.folder("index-gold"), "output": stages.folder("index")}
        splits = {"splits": ("train", "test"), "gold_splits": ("train",), "archives": {}}
        job = DownloadJob(**stages.common("download", "index"), part="index", source=lab, **splits, **folders)
        started = time.process_time()
        index.of_folder(job, tmp_path / f"lab-{videos}")
        return time.process_time() - started

    assert min(seconds(1_500) / seconds(150) for _ in range(3)) < 15
