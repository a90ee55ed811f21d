"""`challengeflow inspect clog-loss`: every video with its outline and every other file with its reason."""

import pytest
from clog_loss_small_videos import write_small_video

from challengeflow.cli import main
from challengeflow.planning.plugins import registry
from challengeflow.reporting.inspect_source import UNSAID, files_of, inspect_source, table, wanting
from challengeflow_clog_loss.demo import metadata


def inspected(folder, **more):
    rows = inspect_source(registry(), "clog-loss", folder, **more)
    assert {name for row in rows for name in row.files} == set(files_of(folder))
    assert not any(row.status == UNSAID for row in rows)
    return rows


def test_a_labs_folder_is_told_video_by_video(tmp_path):
    (tmp_path / "old").mkdir()
    for name in ("a.mp4", "b.avi", "old/c.mp4"):
        write_small_video(tmp_path / name, container="mp4")
    (tmp_path / "labels.csv").write_text("filename,stalled\na.mp4,1\ngone.mp4,0\n")
    (tmp_path / "%41.mp4").symlink_to("nowhere")
    for name, content in {"d.mp4": b"", "notes.txt": b"!", "more.csv": b"a\n", ".x": b""}.items():
        (tmp_path / name).write_bytes(content)
    rows = inspected(tmp_path)
    found = {row.sample: row for row in rows if row.sample}
    assert {name: row.status for name, row in found.items()} == {
        "a": "ok",
        "gone": "file missing",
        "b": "ok",
        "d": "file empty",
        "%2541": "file missing",
    }
    assert next(line for line in table(rows) if "%41.mp4" in line or "%2541.mp4" in line).startswith("%2541  ")
    assert found["a"].understood["label"] == "stalled" and found["a"].understood["split"] == "train"
    assert int(found["b"].understood["frames"]) > 8 and found["b"].understood["outline by"]
    reasons = {row.files[0]: row.status for row in rows if not row.sample}
    assert reasons["labels.csv"] == "ok" and "put it into the folder itself" in reasons["old/c.mp4"]
    assert "no video by its name" in reasons["notes.txt"] and "labels.csv" in reasons["more.csv"]


def test_tables_without_videos_and_videos_without_tables_are_not_sound(tmp_path, capsys):
    """Every video missing, and `train_metadata.csv` missing: `validate` says so."""
    (tmp_path / "data").mkdir()
    metadata.write_tables(tmp_path / "data", 1, 24)
    config = tmp_path / "config.yaml"
    config.write_text(f"challenges: {{clog-loss: {{datasets: {{nano: {{source: {tmp_path / 'data'}, folds: 2}}}}}}}}")
    assert main(["validate", "--config", str(config)]) == 1
    told = capsys.readouterr()
    assert "samples can be used: file missing" in told.err and "is sound" not in told.out + told.err
    (tmp_path / "data/train_metadata.csv").unlink()
    assert main(["validate", "--config", str(config)]) == 1
    assert "has no train_metadata.csv" in capsys.readouterr().err
    assert any("has no train_metadata.csv" in sentence for sentence in wanting(inspected(tmp_path / "data")))


def test_every_real_file_is_in_the_table(real_data):
    rows = inspected(real_data)
    (video,) = [row for row in rows if row.sample]
    assert video.status == "ok" and (video.understood["frames"], video.understood["size"]) == ("52", "512 x 384")
    assert sum("download: metadata" in row.status for row in rows) == 4


@pytest.mark.parametrize("most", [0, 1])
def test_no_more_are_opened_than_asked_for(tmp_path, most):
    for name in "ab":
        write_small_video(tmp_path / f"{name}.mp4", container="mp4")
    assert [row.status for row in inspected(tmp_path, most=most)] == (["ok"] * most + ["not looked into"] * (2 - most))
