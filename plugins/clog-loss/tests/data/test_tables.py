"""The CSV files: strict reading, subsets, and that nothing about labels reaches the sample table."""

import csv
import gzip
import shutil

import pytest

from challengeflow import InputError
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.demo import metadata


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tables"
    path.mkdir()
    metadata.write_tables(path, 0, 24)
    return path


def edit(path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def test_demo_tables_have_the_real_formats(folder):
    assert (folder / "train_metadata.csv").read_text().startswith(",".join(tables.TRAIN_COLUMNS) + "\n100")
    table = tables.read_train(folder)
    assert len(table.rows) == 48 and sum(row.nano == "True" for row in table.rows) == 24
    assert 0.2 < sum(table.stalled) / 48 <= 0.5
    assert len(tables.read_test(folder)) == 12
    for name in ("train_labels.csv", "test_metadata.csv", "submission_format.csv"):
        assert b"\r" not in (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("train_metadata.csv", "crowd_score", "crowd", "expected filename,url,project_id"),
        ("train_metadata.csv", ",True\n", ",yes\n", "True or False"),
        ("train_metadata.csv", "100000.mp4,", "../100000.mp4,", "no plain mp4 file name"),
        ("train_metadata.csv", "100001.mp4,", "100000.mp4,", "listed twice"),
        ("train_labels.csv", "100000.mp4,", "100009.mp4,", "line 2: found 100009.mp4"),
        ("train_labels.csv", "100000.mp4,0", "100000.mp4,0.0", "expected 0 or 1"),
        ("test_metadata.csv", "filename,url,num_frames", "filename,url", "has the columns filename,url; expected"),
        ("submission_format.csv", ".mp4,0\n", ".mp4,0,\n", "line 2: 3 values, expected 2"),
    ],
)
def test_wrong_tables_are_refused_in_one_sentence(folder, stages, name, old, new, message):
    if name == "train_labels.csv" and "0.0" in new:
        edit(folder / name, (folder / name).read_text().split("\n")[1], "100000.mp4,0.0")
    else:
        edit(folder / name, old, new)
    with pytest.raises(InputError, match=message) as caught:
        stages.index(str(folder))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_table_is_named(folder, stages):
    (folder / "train_labels.csv").unlink()
    with pytest.raises(InputError, match=r"has no train_labels\.csv"):
        stages.index(str(folder))


def test_too_few_labels_are_refused(folder):
    lines = (folder / "train_labels.csv").read_text().splitlines(keepends=True)
    (folder / "train_labels.csv").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match="47 rows, expected 48"):
        tables.read_train(folder)


def test_gzipped_and_damaged_tables(folder):
    path = folder / "train_labels.csv"
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    (folder / "train_labels.csv.gz").write_bytes(packed)
    assert len(tables.read_train(folder).stalled) == 48
    (folder / "train_labels.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        tables.read_train(folder)


def test_datasets_contain_one_another_and_show_no_label(folder, stages):
    ids = {}
    for dataset in ("nano", "micro", "full"):
        samples = stages.index(str(folder), dataset=dataset)
        ids[dataset] = [sample.id for sample in samples if sample.split == "train"]
        assert set(samples[0].columns) == {"filename", "num_frames", "url", "position"}
        tests = [sample for sample in samples if sample.split == "test"]
        assert [int(sample.columns["position"]) for sample in tests] == list(range(12))
        assert all(sample.group == sample.id for sample in tests)
    assert len(ids["nano"]) == 24 and len(ids["micro"]) == 36 and len(ids["full"]) == 48
    assert set(ids["nano"]) < set(ids["micro"]) < set(ids["full"])
    assert (stages.root / "index-gold" / "labels.csv").read_text().startswith("sample,stalled,crowd_score,tier1\n")


def test_official_source_asks_for_the_tables(folder, stages):
    with pytest.raises(InputError, match="behind a login"):
        stages.index("official")
    assert len(stages.index("official", metadata=str(folder))) == 36


@pytest.mark.long
def test_real_tables(real_table, real_data, stages, monkeypatch):
    monkeypatch.setattr(tables, "read_train", lambda folder: real_table)
    samples = stages.index(str(real_data / "metadata"), dataset="full")
    assert sum(sample.split == "train" for sample in samples) == 573_048
    assert sum(sample.split == "test" for sample in samples) == 14_160
    with open(stages.root / "index-gold" / "labels.csv", newline="") as file:
        assert sum(row["stalled"] == "1" for row in csv.DictReader(file)) == 1_887


def test_unlabelled_folder(tmp_path, stages):
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(InputError, match="holds no video"):
        stages.index(str(own), splits=("test",), gold=())
    for name in ("b, 2.mp4", "a.MP4", "notes.txt"):
        (own / name).write_bytes(b"x")
    samples = stages.index(str(own), splits=("test",), gold=())
    assert [sample.id for sample in samples] == ["a", "b, 2"]
    assert [sample.id for sample in stages.index(str(own / "a.MP4"), splits=("test",), gold=())] == ["a"]
    raw = stages.download(str(own), "test-0", samples)
    assert (raw / "a.mp4").read_bytes() == b"x"
    shutil.rmtree(own)
    with pytest.raises(InputError, match="does not exist"):
        stages.index(str(own), splits=("test",), gold=())
