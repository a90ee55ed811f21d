"""docs/config.md is what schema, plugins and the list of jobs say, and its examples are configs that run."""

import re
import runpy

import pytest
import yaml
from conftest import ROOT

from challengeflow.planning.config import resolve
from challengeflow.planning.plugins import registry

PAGE = ROOT / "docs/config.md"
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_page_is_up_to_date():
    written = runpy.run_path(str(PAGE.with_suffix(".py")))["page"]()
    assert PAGE.read_text() == written.rstrip() + "\n", "stale: run `python docs/config.py`"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_sound_config(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(example)
    for challenge in config["challenges"].values():
        for dataset in challenge["datasets"].values():
            if "/" in dataset["source"]:
                (tmp_path / dataset["source"]).mkdir(parents=True)
    assert resolve(config, registry()).challenges


def test_what_a_change_runs_again_is_what_the_jobs_depend_on():
    rows = dict(re.findall(r"^\| `([\w.]+)` \| ([\w, ]+) \| [\w, ]*\|$", PAGE.read_text(), re.MULTILINE))
    assert rows["keep_raw"] == rows["raw_shards"] == "none"
    assert rows["models.VARIANT.parameters"].startswith("train, predict")
    assert "download" not in rows["score.KEY"] and rows["score.KEY"].startswith("score")
    assert rows["device"].startswith("train") and rows["package.KEY"] == "package"
    assert "preprocess" in rows["preprocess.KEY"]
