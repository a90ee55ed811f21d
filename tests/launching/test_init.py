"""`challengeflow init` and `run` in a folder with nothing in it, and every way in which they are asked for what is not
there."""

import pytest
import yaml
from digits import challengeflow_digits as digits

from challengeflow import InputError
from challengeflow.launching.init import init
from challengeflow.launching.run import Wanted
from challengeflow.launching.verbs import parted
from challengeflow.planning.config import resolve
from challengeflow.planning.plugins import Registry, registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.shipped import shipped


@pytest.fixture
def found() -> Registry:
    """The digits plugin alone."""
    return Registry([("digits", digits, "x 1")])


def test_a_bare_folder_gets_the_demo_of_what_is_installed(site, tmp_path):
    bare = tmp_path / "leer und hübsch"
    (bare / ".venv").mkdir(parents=True)
    site.folder = bare.parent
    done = site._run(["sh", "-c", 'cd "leer und hübsch" && challengeflow run --dry-run'], {})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("wrote config.yaml; look at it, then: challengeflow run\n")
    assert (bare / ".gitignore").read_text() == ".snakemake/\n/results*/\n"
    assert yaml.safe_load((bare / "config.yaml").read_text())["challenges"]["digits"]["datasets"] == {
        "few": {"source": "demo"}
    }
    (bare / "config.yaml").unlink()
    (bare / "notes.txt").touch()
    done = site._run(["sh", "-c", 'cd "leer und hübsch" && challengeflow run'], {})
    assert done.returncode == 1 and "there is no config file config.yaml; name one with --config, or" in done.stderr


def test_the_shipped_challenges_are_as_the_shipped_config_has_them(tmp_path):
    init(tmp_path, registry(), ["clog-loss", "mabe-task1", "mood"], None, [])
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == yaml.safe_load(
        (shipped() / "config.yaml").read_text()
    )


def test_challenge_data_and_models_are_chosen(tmp_path, found):
    data = tmp_path / "meine Bilder: 1"
    data.mkdir()
    init(tmp_path, registry(), ["mood"], str(data), ["unet3d"])
    config = read_config(tmp_path / "config.yaml")
    assert config["challenges"]["mood"] == {
        "datasets": {"brain": {"source": str(data)}, "abdom": {"source": str(data)}},
        "models": {"unet3d": {}},
    }
    resolve(config, registry())
    assert "# residual-boosting: {}" in (tmp_path / "config.yaml").read_text()


def test_what_is_there_already_stays(tmp_path, found):
    (tmp_path / ".gitignore").write_text("mine\n")
    init(tmp_path, found, [], None, [])
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    with pytest.raises(InputError, match=r"config.yaml is there already; edit it"):
        init(tmp_path, found, [], None, [])


@pytest.mark.parametrize(
    ("chosen", "data", "models", "sentence"),
    [
        (["digit"], None, [], "no such challenge 'digit'; did you mean 'digits'"),
        (["digits"], "nowhere", [], "--data: there is no 'nowhere'"),
        (["digits"], None, ["logisitc"], "--models: digits has no model 'logisitc'; did you mean 'logistic'"),
        (["digits", "digits"], None, ["logistic"], "--data and --models are of one challenge"),
    ],
)
def test_what_is_not_there_is_one_sentence(tmp_path, found, chosen, data, models, sentence):
    with pytest.raises(InputError, match=sentence):
        init(tmp_path, found, chosen, data, models)
    assert not (tmp_path / "config.yaml").exists()


def test_what_follows_two_dashes_is_snakemakes():
    assert parted(["run", "mood", "--dry-run", "--", "--cores", "2"]) == (
        ["run", "mood", "--dry-run"],
        ["--cores", "2"],
    )
    assert parted(["answer", "model", "folder", "--", "-n"]) == (["answer", "model", "folder"], ["-n"])
    assert parted(["describe", "--", "mood"]) == (["describe", "--", "mood"], ())


def test_run_is_snakemakes_own_command_line(tmp_path):
    init(tmp_path, registry(), ["mood"], None, [])
    config = str(tmp_path / "config.yaml")
    wanted = Wanted.of(config, ["mood", "--cores", "2"], "slurm")
    profile, snakefile = str(shipped() / "profiles/slurm"), str(shipped() / "Snakefile")
    door = ["--configfile", config, "--snakefile", snakefile, "mood", "--cores", "2"]
    assert wanted.arguments() == ["--profile", profile, *door]
    memory = f"mem_mb={wanted.machine.memory_mb}"
    assert Wanted.of(config, ["mood", "--cores", "2"], None).arguments() == ["--resources", memory, *door]
    assert wanted.arguments("a", "b")[-4:] == ["a", "b", "--cores", "2"]
    assert Wanted.of(config, [], str(tmp_path)).arguments()[:2] == ["--profile", str(tmp_path)]
    with pytest.raises(
        InputError, match="there is no profile 'slrum'; give the path of one, or one of apptainer, conda"
    ):
        Wanted.of(config, [], "slrum")
    with pytest.raises(InputError, match="runs in the folder it is started in"):
        Wanted.of(config, ["--directory=elsewhere"], None)
