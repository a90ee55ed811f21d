"""`challengeflow inspect`: every sample and every file of a folder, by an optional hook of the plugin."""

import json
import time
from pathlib import Path

import pytest
from digits import challengeflow_digits as digits

from challengeflow import NOT_OPENED, InputError, Inspected, hookimpl
from challengeflow.launching import validate
from challengeflow.planning.plugins import Registry
from challengeflow.reporting import inspect_source as inspecting
from challengeflow.reporting.inspect_source import UNSAID, inspect_source, summary, table, unnamed, wanting


class Looking:
    """The digits plugin with a hook that says of numbered files what they hold, and nothing of others."""

    challenges = staticmethod(digits.challenges)
    models = staticmethod(digits.models)

    @hookimpl
    def inspect(self, job):
        assert job.parameters["preprocess"]["scale"] == 16 and job.memory_mb
        files = sorted(job.source.glob("*.digit"))
        for place, path in enumerate(files):
            opened = job.most is None or place < job.most
            yield Inspected(
                sample=path.stem,
                files=(path.name,),
                status=("ok" if path.read_text() else "empty") if opened else NOT_OPENED,
                understood={"says": path.read_text()},
                notes=("is it one?",) if path.read_text() == "1" else (),
            )
        if not files:
            yield Inspected(status="no file ends in .digit")
        yield Inspected(files=("old/",), status="not used: old")


@pytest.fixture
def found() -> Registry:
    return Registry([("digits", Looking(), "x 1")])


@pytest.fixture
def data(tmp_path) -> Path:
    for name, text in {"a.digit": "3", "b.digit": "1", "c.digit": "", "x.tmp": "", "old/d.digit": "4"}.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(text)
    return tmp_path / "data"


def test_every_file_has_its_row(found, data):
    rows = inspect_source(found, "digits", data)
    assert rows[-1] == Inspected(files=("x.tmp",), status=UNSAID)
    lines = "\n".join(table(rows))
    assert "b       1     b.digit\n    ! is it one?" in lines and "    cannot be used: empty" in lines
    assert "  old/   not used: old" in lines and f"  x.tmp  {UNSAID}" in lines
    assert summary(rows) == [
        "3 samples, of which 2 can be used, 1 cannot (c: empty), 1 have remarks, 2 files are not used"
    ]
    assert "1 can be used, 2 were not looked into" in summary(inspect_source(found, "digits", data, most=1))[0]


def test_a_source_without_a_usable_sample_is_told(found, data, tmp_path):
    for name in "ab":
        (data / f"{name}.digit").write_text("")
    assert wanting(inspect_source(found, "digits", data)) == ["none of its 3 samples can be used: empty"]
    (tmp_path / "bare").mkdir()
    assert wanting(inspect_source(found, "digits", tmp_path / "bare"))[0] == "no file ends in .digit"
    with pytest.raises(InputError, match=f"there is no 'nowhere' \\(that is, {Path.cwd()}/nowhere\\)"):
        inspect_source(found, "digits", Path("nowhere"))


def test_a_plugin_without_the_hook_says_so_and_one_that_fails_is_named(found, data, monkeypatch):
    with pytest.raises(InputError, match="the plugin of digits cannot inspect data: it has no hook 'inspect'"):
        inspect_source(Registry([("digits", digits, "x 1")]), "digits", data)
    monkeypatch.setattr(Path, "glob", lambda *_: 1 / 0)
    with pytest.raises(InputError, match="plugin 'digits' failed in its hook 'inspect': ZeroDivisionError"):
        inspect_source(found, "digits", data)


def test_validate_and_init_look_at_own_data(found, data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(validate, "registry", lambda: found)
    config = tmp_path / "config.yaml"
    own = f"own: {{source: {data}, trained_on: few}}"
    config.write_text(f"challenges: {{digits: {{datasets: {{few: {{source: demo}}, {own}}}}}}}")
    validate.validate(str(config))
    said = capsys.readouterr().out
    assert "digits/own: 3 samples, of which 2 can be used, 1 cannot (c: empty)" in said and "is sound" in said
    assert validate.look_at(found, "digits", str(data))[0].startswith("3 samples, of which 2 can be used")
    for path in data.glob("*.digit"):
        path.write_text("")
    with pytest.raises(InputError) as told:
        validate.validate(str(config))
    assert f"own.source: {data}: none of its 3 samples can be used: empty" in str(told.value)
    assert "is sound" not in capsys.readouterr().out


def test_validate_names_the_packages_that_a_model_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr("challengeflow.launching.extras._absent", lambda name: name == "torch")
    config = tmp_path / "config.yaml"
    config.write_text("challenges: {mood: {datasets: {brain: {source: demo}}, models: {unet3d: {}}}}")
    with pytest.raises(InputError, match=r"the model unet3d of mood needs torch, not installed here; pip install"):
        validate.validate(str(config))


def test_the_verb_gives_json_and_its_status(site):
    done = site.challengeflow("inspect", "digits", ".")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "has no hook 'inspect'" in done.stderr
    module = site.plugin / "__init__.py"
    looking = "\n@hookimpl\ndef inspect(job):\n    return [Inspected(sample='a', files=('config.yaml',))]\n"
    module.write_text(f"{module.read_text()}\nfrom challengeflow import Inspected\n{looking}")
    done = site.challengeflow("inspect", "digits", "config.yaml", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["rows"][0]["files"] == ["config.yaml"]


def test_ten_times_the_folders_take_at_most_fifteen_times_as_long(tmp_path, monkeypatch):
    """A look at all named folders for each file would take a hundred times as long."""

    def seconds(folders):
        rows = [Inspected(sample=str(number), files=(f"{number}/",)) for number in range(folders)]
        files = [f"{number}/{name}" for number in range(folders) for name in "abc"]
        monkeypatch.setattr(inspecting, "files_of", lambda source: [*files, "beside"])
        rounds = []
        for _ in range(3):
            started = time.process_time()
            assert unnamed(tmp_path, rows) == ["beside"]
            rounds.append(time.process_time() - started)
        return min(rounds)

    assert min(seconds(10_000) / seconds(1_000) for _ in range(3)) < 15
