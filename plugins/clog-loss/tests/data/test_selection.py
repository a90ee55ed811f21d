"""Which training videos are chosen, what they would cost, and that the real tables give the winners' numbers."""

import shutil
from types import SimpleNamespace

import pytest

from challengeflow import InputError
from challengeflow_clog_loss.commands import plan
from challengeflow_clog_loss.data import selection, tables
from challengeflow_clog_loss.demo import metadata

PLAIN = {"per_project": 0, "hard_negatives": False}


@pytest.fixture
def folder(tmp_path):
    metadata.write_tables(tmp_path, 0, 24)
    return tmp_path


def count(table: tables.TrainTable, name: str, **more) -> tuple[int, int]:
    """Videos and stalled ones of a choice."""
    rows = selection.chosen(table, "selected", PLAIN | {"selection": name} | more)
    assert rows == sorted(set(rows))
    return len(rows), sum(table.stalled[row] for row in rows)


def test_the_training_sets_of_the_winners(real_table):
    found = {name: count(real_table, name) for name in selection.RULES}
    assert found == {
        "nano": (1_413, 706),
        "micro": (2_399, 706),
        "tier1": (540_242, 706),
        "full": (573_048, 1_887),
        "zfturbo": (51_490, 1_887),
        "kbrodt": (540_242 + 854, 706 + 854),
        "lauraonac": (7_931, 706),
        "az-ka": (13_990, 1_399),
    }
    assert count(real_table, "micro", per_project=500) == found["lauraonac"]
    assert count(real_table, "nano", hard_negatives=True)[0] - 1_413 <= 1_025
    assert len(selection._hard_negatives(real_table)) == 1_025


def test_datasets_contain_one_another(real_table):
    nano, micro, tier1, full = (
        set(selection.chosen(real_table, name, {})) for name in ("nano", "micro", "tier1", "full")
    )
    assert nano < micro < tier1 < full


def test_a_larger_cap_keeps_what_a_smaller_one_chose(folder):
    table = tables.read_train(folder)
    chosen = [
        set(selection.chosen(table, "selected", PLAIN | {"selection": "nano", "per_project": cap})) for cap in range(4)
    ]
    assert chosen[0] < chosen[1] <= chosen[2] <= chosen[3]
    added = [table.rows[row].project_id for row in chosen[1] - chosen[0]]
    assert len(added) == len(set(added)) and not any(table.stalled[row] for row in chosen[1] - chosen[0])


def edit(path, line: int, *changes: tuple[int, str]) -> list[str]:
    """Change values of a line (numbered as people do); returns its values."""
    lines = path.read_text().splitlines()
    values = lines[line - 1].split(",")
    for place, value in changes:
        values[place] = value
    lines[line - 1] = ",".join(values)
    path.write_text("\n".join(lines) + "\n")
    return values


def test_labels_without_an_expert_are_those_of_the_crowd(folder):
    edit(folder / "train_metadata.csv", 5, (4, "0.5"), (5, "False"))
    edit(folder / "train_labels.csv", 5, (1, "1"))
    tables.read_train(folder)
    edit(folder / "train_metadata.csv", 5, (4, "0.499999"))
    with pytest.raises(InputError, match=r"train_labels\.csv, line 5: 100\d+\.mp4 is labelled 1, .* says 0 and no"):
        tables.read_train(folder)
    edit(folder / "train_metadata.csv", 5, (5, "True"))
    for wrong in ("much", "1.5", "nan"):
        edit(folder / "train_metadata.csv", 7, (4, wrong))
        with pytest.raises(InputError, match=rf"line 7: crowd_score is '{wrong}', expected a number from 0 to 1"):
            tables.read_train(folder)


def test_the_plan_counts_before_anything_is_fetched(folder, capsys):
    assert plan.main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    frames = sum(row.num_frames for row in tables.read_train(folder).rows)
    full = next(line.split() for line in lines if line.startswith("full"))
    assert full[:4] == ["full", "48", str(sum(tables.read_train(folder).stalled)), f"{frames:,}"]
    assert {line.split()[0] for line in lines[1:-1]} == {*selection.RULES, "test"}
    arguments = ["--selection", "micro", "--have", "nano", "--disk", str(folder)]
    assert plan.main([str(folder), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[2] == "12" and lines[-1].startswith("Needs ")


def test_the_plan_of_real_tables(real_table):
    nano = plan.train_cost(real_table, selection.chosen(real_table, "nano", {}))
    assert (nano.videos, nano.stalled, nano.frames) == (1_413, 706, 87_175)
    assert 3.6e9 < nano.raw < 3.8e9


def test_the_plan_refuses_a_small_disk(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000))
    with pytest.raises(InputError, match=r"this needs .* has 5\.0 MB left; make room"):
        plan.main([str(folder), "--selection", "full"])


def test_selected_is_a_dataset(folder, stages):
    samples = stages.index(str(folder), dataset="selected", selection="nano", per_project=1)
    assert 24 < sum(sample.split == "train" for sample in samples) < 48
