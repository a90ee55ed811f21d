"""Parts of the settings travel by file: named by what they hold, whole, and never another."""

import pytest

from challengeflow import InputError
from challengeflow.planning.part_file import read_part, write_part


def test_a_part_is_named_by_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = write_part({"a": 1, "b": {"c": "ü"}}), write_part({"a": 2})
    assert one != other and write_part({"b": {"c": "ü"}, "a": 1}) == one
    assert read_part(one) == {"a": 1, "b": {"c": "ü"}} and read_part(str(tmp_path / other)) == {"a": 2}
    assert read_part("config.yaml") is None


def test_a_part_that_is_gone_or_changed_is_one_sentence_and_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_part({"a": 1})
    (tmp_path / path).write_text('{"a": 2}')
    with pytest.raises(InputError, match="does not hold what was written"):
        read_part(path)
    assert read_part(write_part({"a": 1})) == {"a": 1}
    (tmp_path / path).unlink()
    with pytest.raises(InputError, match="run the workflow again"):
        read_part(path)


def test_a_line_of_the_workflow_holds_nothing_of_the_config_and_can_be_pasted(site):
    done = site.snakemake("results/digits/few/index/samples.csv", "--printshellcmds")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "challengeflow download digits/few index" in line]
    assert "{" not in line and "demo" not in line
    (site.folder / "results/digits/few/index/samples.csv").unlink()
    arguments = line.partition("challengeflow ")[2].partition(" > ")[0].split()
    assert site.challengeflow(*arguments).returncode == 0
    assert (site.folder / "results/digits/few/index/samples.csv").is_file()
    assert "Nothing to be done" in site.snakemake("results/digits/few/index/samples.csv").stderr
