"""A lab's own videos: two columns of labels suffice, and whatever lies in the folder is read, listed, or told."""

import gzip

import pytest
from clog_loss_small_videos import write_small_video

from challengeflow import InputError, Sample
from challengeflow.arrays import Arrays, Predictions


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
    samples = stages.index(write_labels(tmp_path / "lab", text), splits=("train",))
    assert [sample.group for sample in samples] == ["mouse 1", "mouse 1", "mouse 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename,stalled\na.mp4,yes\n", "line 2: stalled is 'yes', expected 0"),
        ("filename,stalled\na.mp4,1\na.mp4,1\n", "line 3: 'a.mp4' must be a file name, without folder, listed once"),
        ("filename,stalled\nsub/a.mp4,1\n", "line 2: 'sub/a.mp4' must be a file name"),
        ("file,label\na.mp4,1\n", "has the columns file,label; expected filename,stalled"),
    ],
)
def test_wrong_labels_are_named(tmp_path, stages, text, message):
    with pytest.raises(InputError, match=message):
        stages.index(write_labels(tmp_path / "lab", text))


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
