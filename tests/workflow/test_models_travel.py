"""Models that travel: they answer elsewhere with the bytes of where they were trained; nothing forged is let in."""

import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import Site, make_site
from sklearn.datasets import load_digits

from challengeflow import InputError
from challengeflow.models import shelf
from challengeflow.models.check import differences
from challengeflow.models.package_file import CARD, read, write
from challengeflow.plain_models import BoostedTrees, save
from challengeflow.planning.plugins import Registry

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}, preprocess: {scale: 15}}
      new: {source: new, trained_on: few, preprocess: {scale: 15}}
    models:
      one: {model: logistic, seed: 7, parameters: {iterations: 5}}
      two: {model: logistic, refit: true, parameters: {iterations: 2}}
      both: {members: {one: 1, two: 3}}
    submissions: {csv: {new-both: {new: both}}}
"""
ANSWERED = ("submissions/csv/new-both", "few/both/predictions/new", "few/one/predictions/new", "new/prepared")


def kept(folder: Path) -> dict[str, bytes]:
    """The content of a folder, but for notes and what Snakemake leaves."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if not path.name.endswith((".provenance.json", ".snakemake_timestamp"))
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Site:
    """A site where models were trained and have answered a folder, and their package."""
    site = make_site(tmp_path_factory.mktemp("trained"))
    site.configure(CONFIG)
    (site.folder / "new").mkdir()
    for number in range(1700, 1712):
        np.save(site.folder / f"new/{number}.npy", load_digits().images[number])
    wanted = ["results/digits/submissions/csv/new-both", "results/digits/few/both/scores.json"]
    done = site.snakemake(*wanted, "results/digits/few/one/scores.json", "results/digits/few/two/scores.json")
    assert done.returncode == 0, done.stderr
    done = site.challengeflow("model", "export", "digits/few/both", "--to", "both.model.zip")
    assert (done.returncode, done.stdout) == (0, "both.model.zip\n"), done.stderr
    return site


@pytest.fixture
def elsewhere(trained, tmp_path, monkeypatch) -> Site:
    """Another folder with the same plugin, new data, and an empty shelf."""
    site = make_site(tmp_path / "elsewhere")
    shutil.copytree(trained.folder / "new", site.folder / "new")
    shutil.copy(trained.folder / "both.model.zip", site.folder)
    (site.folder / "config.yaml").unlink()
    monkeypatch.setenv("CHALLENGEFLOW_MODELS", str(tmp_path / "shelf"))
    return site


@pytest.fixture(scope="module")
def registry(trained) -> Registry:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(trained.folder / "plugins"), *sys.path])
        import challengeflow_digits

        return Registry([("digits", challengeflow_digits, "challengeflow_digits 1.0")])


def test_they_answer_elsewhere_as_where_they_were_trained(trained, elsewhere):
    """No config, no training data, no network."""
    assert elsewhere.challengeflow("model", "install", "both.model.zip").returncode == 0
    offline = ["unshare", "--map-root-user", "--net"] if shutil.which("unshare") else []
    if subprocess.run([*offline, "true"], check=False).returncode:
        offline = []
    command = [*offline, sys.executable, "-m", "challengeflow.cli", "answer", "digits-few-both", "new", "--to", "made"]
    done = elsewhere._run([*command, "--", "--cores", "2"], {})
    assert done.returncode == 0, done.stderr
    there, here = trained.folder / "results/digits", elsewhere.folder / "made/results/digits"
    for path in ANSWERED:
        assert kept(here / path) == kept(there / path) != {}
    status = elsewhere.challengeflow("status", "--config", "made/config.yaml")
    assert "stale" not in status.stdout
    again = elsewhere._run([*command, "--dry-run"], {})
    assert "all is done" in again.stdout, again.stderr


def test_a_package_is_the_same_each_time_and_holds_no_data(trained):
    done = trained.challengeflow("model", "export", "digits/few/both", "--to", "again.zip")
    assert done.returncode == 0, done.stderr
    again = (trained.folder / "again.zip").read_bytes()
    assert again == (trained.folder / "both.model.zip").read_bytes()
    package = read(trained.folder / "both.model.zip")
    weights = {"one/fold-0/weights.npy", "one/fold-1/weights.npy", "two/fold-all/weights.npy"}
    decisions = {f"{name}/decision.json" for name in ("one", "two", "both")}
    assert set(package.files) == {CARD, "citations.bib", *weights, *decisions}
    assert "Trained on a demo" in package.text(CARD) and "Alpaydin" in package.text("citations.bib")
    here = [str(trained.folder), str(Path.home()), "writer-"]
    assert not [name for name in here if name.encode() in again]


def test_what_is_not_whole_and_current_is_not_exported(trained, tmp_path):
    site = Site(tmp_path)
    shutil.copytree(trained.folder, tmp_path, dirs_exist_ok=True)
    told = {
        "digits/few/control-random": "no 'control-random' in this config",
        "digits/new/one": "is not scored",
        "digits/few": "is no variant",
        "nothing/few/one": "has no challenge",
    }
    for wanted, why in told.items():
        done = site.challengeflow("model", "export", wanted)
        assert done.returncode == 1 and why in done.stderr and done.stderr.count("\n") == 1
    weights = site.folder / "results/digits/few/one/fold-0/weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    assert "was changed after it was made" in site.challengeflow("model", "export", "digits/few/one").stderr
    site.configure(CONFIG.replace("iterations: 5", "iterations: 6"))
    assert "is stale: made with" in site.challengeflow("model", "export", "digits/few/one").stderr
    (site.folder / "results/digits/few/two/scores.json").unlink()
    assert "is not done" in site.challengeflow("model", "export", "digits/few/two").stderr
    assert not list(tmp_path.glob("digits-*"))


def test_the_shelf(elsewhere, registry):
    package = shelf.install(elsewhere.folder / "both.model.zip", registry)
    assert shelf.install(elsewhere.folder / "both.model.zip", registry) == package
    assert list(shelf.installed()) == [package.name] == ["digits-few-both"]
    other = write(elsewhere.folder / "other.model.zip", _manifest(package), _files(package) | {CARD: b"another\n"})
    with pytest.raises(InputError, match="another digits-few-both is installed; `challengeflow model remove"):
        shelf.install(other.path, registry)
    assert "did you mean 'digits-few-both'" in elsewhere.challengeflow("model", "show", "digits-few-boht").stderr
    assert "accuracy test" in elsewhere.challengeflow("model", "list").stdout
    assert elsewhere.challengeflow("model", "show", "digits-few-both").stdout.startswith("# both, trained on")
    assert elsewhere.challengeflow("model", "remove", "digits-few-both").returncode == 0
    assert shelf.installed() == {} and list(shelf.shelf().iterdir()) == []
    assert "no model is installed" in elsewhere.challengeflow("model", "list").stdout
    (shelf.shelf() / "rotten.model.zip").write_bytes(b"PK")
    assert "rotten.model.zip cannot be read as a model package" in elsewhere.challengeflow("model", "list").stdout


def test_other_code_is_told_and_no_reason_to_refuse(elsewhere, registry):
    package = read(elsewhere.folder / "both.model.zip")
    assert differences(package, registry) == []
    manifest = _manifest(package)
    manifest["code"] = manifest["code"] | {"predict one": "0" * 16}
    manifest["plugins"] = {"challengeflow_digits": "0.9"}
    older = write(elsewhere.folder / "older.model.zip", manifest, _files(package))
    (told,) = differences(shelf.install(older.path, registry), registry)
    assert "the code of predict one is another here (made by challengeflow_digits 0.9, here 1.0)" in told


def test_a_config_that_says_otherwise_is_told_by_the_job(elsewhere):
    assert elsewhere.challengeflow("answer", "both.model.zip", "new", "--dry-run").returncode == 0
    folder = elsewhere.folder / "new-answers"
    config = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(config.replace("scale: 15", "scale: 14"))
    done = elsewhere.challengeflow("answer", "both.model.zip", "new", "--dry-run")
    assert done.returncode == 1 and "was edited, or names another model; `challengeflow run`" in done.stderr
    (elsewhere.folder / "config.yaml").write_text(config.replace("iterations: 5", "iterations: 6"))
    done = elsewhere.challengeflow("train", "digits/few", "one", "0")
    assert done.returncode == 1 and "holds one with another parameters than the config says" in done.stderr
    assert not (elsewhere.folder / "results/digits/few/one/fold-0").exists()


def test_answers_to_other_data_are_not_written_over_nor_into_the_data(elsewhere):
    shutil.copytree(elsewhere.folder / "new", elsewhere.folder / "other/new")
    assert elsewhere.challengeflow("answer", "both.model.zip", "new", "--dry-run").returncode == 0
    assert elsewhere.challengeflow("answer", "both.model.zip", "new", "--dry-run").returncode == 0
    done = elsewhere.challengeflow("answer", "both.model.zip", "other/new", "--dry-run")
    assert done.returncode == 1 and f"new-answers has the answers to {elsewhere.folder / 'new'}; choose" in done.stderr
    done = elsewhere.challengeflow("answer", "both.model.zip", "new", "--to", "new/answers", "--dry-run")
    assert done.returncode == 1 and "the answers would lie in the data" in done.stderr
    assert not (elsewhere.folder / "new/answers").exists()


# -- from outside ---------------------------------------------------------------------------------------------------


class Marks:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def _manifest(package) -> dict:
    return json.loads(
        json.dumps({key: value for key, value in package.manifest.items() if key not in ("format", "files")})
    )


def _files(package) -> dict[str, bytes]:
    with zipfile.ZipFile(package.path) as archive:
        return {name: archive.read(name) for name in package.files}


def _section(manifest: dict) -> dict:
    return manifest["config"]["challenges"]["digits"]


def _trees(folder: Path) -> dict[str, bytes]:
    """Boosted trees whose second node has a child far outside."""
    nodes = {"roots": [0, 3], "feature": [0, -1, -1], "left": [1, 0, 0], "right": [1 << 20, 0, 0]}
    nodes |= {"missing_left": [0, 0, 0], "value": [0.5, 1.0, 2.0]}
    from challengeflow.plain_models import COLUMNS

    arrays = {name: np.array(nodes[name], dtype) for name, dtype in COLUMNS.items()}
    save(folder, {"trees": BoostedTrees((0, 1), 4, np.zeros(1), arrays)})
    return {f"one/fold-0/{path.name}": path.read_bytes() for path in folder.iterdir()}


def _index(shape: list[int], offset: int = 0) -> bytes:
    return json.dumps([{"sample": "w", "attributes": {}, "arrays": {"w": ["<f4", shape, offset]}}]).encode()


WEIGHTS = "one/fold-0/weights.npy"
FORGED = {
    "pickle for weights": (lambda m, f, t: f.update({WEIGHTS: pickle.dumps(Marks(t / "ran"))}), "could run"),
    "pickle as the card": (lambda m, f, t: f.update({CARD: pickle.dumps(Marks(t / "ran"), 0)}), "could run"),
    "object array": (lambda m, f, t: f.update({WEIGHTS: _objects(t)}), "could run"),
    "pickle in a zip in it": (lambda m, f, t: f.update({"one/fold-0/weights.pth": _zipped(t)}), "could run"),
    "missing weights": (lambda m, f, t: f.pop(WEIGHTS), "holds no weights one/fold-0"),
    "missing refit": (lambda m, f, t: f.pop("two/fold-all/weights.npy"), "holds no weights two/fold-all"),
    "missing decision": (lambda m, f, t: f.pop("both/decision.json"), "holds no both/decision.json"),
    "decision that is none": (lambda m, f, t: f.update({"both/decision.json": b"[NaN]"}), "is no JSON with what"),
    "decision without end": (
        lambda m, f, t: f.update({"one/decision.json": b"[" * 100_000}),
        "is no JSON with what",
    ),
    "no card": (lambda m, f, t: f.pop(CARD), "holds no card.md"),
    "a file of nobody": (lambda m, f, t: f.update({"one/fold-7/x.npy": b""}), "belongs to none of its models"),
    "scores of another": (lambda m, f, t: m["scores"]["both"].update(model="one"), "holds no scores of both"),
    "other contract": (lambda m, f, t: m.update(contract=1), "made under contract 1"),
    "foreign plugin": (lambda m, f, t: m.update(plugins={"evil": "1.0"}), "needs evil 1.0, which is not installed"),
    "foreign challenge": (lambda m, f, t: m.update(challenge="evil"), "is not installed here"),
    "unknown model": (lambda m, f, t: _section(m)["models"]["one"].update(model="evil"), "has no model 'evil'"),
    "unknown parameter": (lambda m, f, t: _section(m)["models"]["one"]["parameters"].update(x=1), "unknown key 'x'"),
    "parameter out of kind": (
        lambda m, f, t: _section(m)["models"]["one"]["parameters"].update(iterations="rm -rf"),
        "is not a whole number",
    ),
    "more folds than weights": (lambda m, f, t: _section(m)["datasets"]["few"].update(folds=9), "holds no weights"),
    "no config": (lambda m, f, t: m.update(config={}), "its config is none"),
    "member left out": (lambda m, f, t: _section(m)["models"]["both"]["members"].update(three=1), "no trained variant"),
    "other arrays": (lambda m, f, t: m["prepared"].update(arrays=[]), "prepared otherwise"),
    "tree out of range": (lambda m, f, t: f.update(_trees(t / "trees")), "has a child that is not behind it"),
    "array out of range": (
        lambda m, f, t: f.update({"one/fold-0/index.json": _index([9, 9], 1 << 40), "one/fold-0/data.bin": b"\0" * 8}),
        "data.bin is cut short",
    ),
    "array of no size": (
        lambda m, f, t: f.update({"one/fold-0/index.json": _index([-1]), "one/fold-0/data.bin": b"\0" * 8}),
        "does not say where",
    ),
}


def _objects(folder: Path) -> bytes:
    np.save(folder / "objects.npy", np.array([Marks(folder / "ran")], object), allow_pickle=True)
    return (folder / "objects.npy").read_bytes()


def _zipped(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "weights.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", pickle.dumps(Marks(folder / "ran")))
    return (folder / "weights.zip").read_bytes()


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_package_is_refused_in_a_sentence(kind, elsewhere, registry, tmp_path, monkeypatch):
    """Nothing in it is run, and nothing of it is left behind."""
    package = read(elsewhere.folder / "both.model.zip")
    manifest, files = _manifest(package), _files(package)
    change, told = FORGED[kind]
    change(manifest, files, tmp_path)
    forged = write(tmp_path / "forged.model.zip", manifest, files)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(InputError) as raised:
        shelf.install(forged.path, registry)
    assert told in str(raised.value) and "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists() and not list(scratch.iterdir()) and not (tmp_path / "shelf").exists()
