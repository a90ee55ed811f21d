"""What the Snakemake workflow catalog asks of a repository that it shows under "standardized usage"."""

import subprocess
import sys

import yaml
from conftest import ROOT

DEPLOYMENTS = {"conda", "apptainer", "apptainer+conda"}


def test_the_catalogs_file_says_how_the_workflow_is_used():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert isinstance(usage["mandatory-flags"]["flags"], (str, list)) and usage["mandatory-flags"]["desc"]
    assert set(usage["software-stack-deployment"]) == DEPLOYMENTS
    assert all(isinstance(possible, bool) for possible in usage["software-stack-deployment"].values())
    named = {path.parent.name for path in (ROOT / "profiles").glob("*/config.yaml")}
    possible = {name for name, is_so in usage["software-stack-deployment"].items() if is_so}
    assert possible <= named, "what is said to be possible has a profile"


def test_files_are_where_the_catalog_looks():
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme and "workflow" in readme
    assert "rule all:" in (ROOT / "workflow/Snakefile").read_text()
    assert all(path.suffix == ".smk" for path in (ROOT / "workflow/rules").iterdir())
    assert (ROOT / "config/README.md").read_text().startswith("# config.yaml")
    assert yaml.safe_load((ROOT / "config/config.yaml").read_text())["challenges"]


def test_its_check_of_the_format_passes():
    files = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    command = [sys.executable, "-m", "snakefmt", "--check", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
