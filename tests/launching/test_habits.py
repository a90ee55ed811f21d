"""Every way in which people use a Snakemake workflow: -s, profiles, a module of their own workflow, snakedeploy;
anywhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CONFIG, ROOT, Site, install_plugin

PREPARED = "results/digits/few/prepared/test-000"
TABLE = "results/digits/few/index/samples.csv"
SMALL = CONFIG.replace("{source: demo}", "{source: demo, folds: 2, shards: {train: 1, test: 1}}")
IMPORTER = """\
configfile: "mine.yaml"


rule mine:
    input: "results/digits/few/index/samples.csv"
    output: "lines.txt"
    shell: "wc -l < {{input}} > {{output}}; challengeflow() {{{{ exit 9; }}}}; set +o nounset"


module challenges:
    snakefile: "{snakefile}"
    config: config["challenges"]


use rule * from challenges as cf_*
"""


def snakemake(site: Site, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Plain Snakemake, without anything that helps it find the workflow."""
    return site._run([sys.executable, "-m", "snakemake", "--cores", "2", *arguments], environment)


@pytest.fixture
def importer(site: Site) -> Site:
    """A folder with a workflow of its own that uses this one as a module."""
    (site.folder / "config.yaml").unlink()
    indented = "".join(f"  {line}\n" for line in SMALL.splitlines())
    (site.folder / "mine.yaml").write_text(f"challenges:\n{indented}")
    (site.folder / "Snakefile").write_text(IMPORTER.format(snakefile=ROOT / "Snakefile"))
    return site


def test_a_module_leaves_the_importers_rules_alone_and_tells_its_end(importer: Site):
    done = snakemake(importer)
    assert done.returncode == 0, done.stderr
    assert (importer.folder / "lines.txt").read_text() == "301\n"
    assert re.search(r"^digits +index +1 of 1$", done.stderr, re.MULTILINE), done.stderr
    refused = (
        (importer.folder / "Snakefile")
        .read_text()
        .replace("    config: config", '    prefix: "mine"\n    config: config')
    )
    (importer.folder / "Refused").write_text(refused)
    said = snakemake(importer, "-s", "Refused", "--dry-run")
    assert said.returncode == 1 and "set `results` in the config of the module instead" in said.stdout, said.stderr
    # The importer's shell commands are its own: no prefix of ours is in what Snakemake runs for them.
    (importer.folder / "lines.txt").unlink()
    shown = snakemake(importer, "--verbose", "--printshellcmds", "mine")
    assert "wc -l <" in shown.stderr and "command -v challengeflow" not in shown.stderr


def test_snakedeploy_deploys_a_tag(tmp_path: Path):
    """As from GitHub: what snakedeploy writes, with a repository on disk in the place of that one."""
    repository, deployed = tmp_path / "challengeflow", tmp_path / "deployed"
    for path in ("Snakefile", "workflow", "profiles", "config", "config.yaml", "docs/config.md", "LICENSE"):
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, repository / path)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    python = Path(sys.executable)
    done = subprocess.run(
        [python.with_name("snakedeploy"), "deploy-workflow", repository, deployed, "--tag", "v1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    written = deployed / "workflow/Snakefile"
    text = written.read_text()
    assert '"workflow/Snakefile"' in text and 'configfile: "config/config.yaml"' in text
    written.write_text(text.replace('"workflow/Snakefile"', f'"git+file://{repository}/workflow/Snakefile@v1"'))
    done = subprocess.run(
        [python, "-m", "snakemake", "--dry-run", "--quiet", "rules"], cwd=deployed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^leaderboard +1$", done.stdout + done.stderr, re.MULTILINE)


def test_a_module_without_rules_of_ones_own_has_the_modules_target(importer: Site):
    (importer.folder / "Snakefile").write_text(
        f'configfile: "mine.yaml"\nmodule challenges:\n    snakefile: "{ROOT / "Snakefile"}"\n'
        '    config: config["challenges"]\nuse rule * from challenges\n'
    )
    done = snakemake(importer, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0 and re.search(r"^leaderboard +1$", done.stdout + done.stderr, re.MULTILINE), done.stderr


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_either_snakefile_from_another_folder_makes_all(site: Site, snakefile: str):
    done = snakemake(site, "-s", str(ROOT / snakefile), "--dry-run", "--quiet", "rules")
    assert done.returncode == 0 and re.search(r"^all +1$", done.stdout + done.stderr, re.MULTILINE), done.stderr


def test_two_projects_at_once_in_folders_with_spaces_and_umlauts(tmp_path: Path):
    """Each with plugins, config and results of its own; neither knows of the other."""
    sites = [Site(tmp_path / name) for name in ("Häufige Proben", "ÖPNV 2 (neu)")]
    for site in sites:
        site.folder.mkdir()
        install_plugin(ROOT / "tests/digits/challengeflow_digits", site.folder / "plugins", "digits")
        site.configure(SMALL)
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1", PREPARED]
    started = [
        subprocess.Popen(
            command,
            cwd=site.folder,
            env=site.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for site in sites
    ]
    said = [process.communicate(timeout=200)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    first, second = ((site.folder / PREPARED / "index.json").read_bytes() for site in sites)
    assert first == second


def test_a_read_only_installation_runs_outside_the_clone(installed, tmp_path: Path):
    """The file system of the installation is mounted read-only: root may write anywhere else."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    (tmp_path / "config.yaml").write_text(SMALL)
    snakefile = installed.site / "challengeflow/shipped/Snakefile"
    shielded = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(installed.folder), str(installed.folder)]
    done = installed.run(*shielded, "snakemake", "-s", str(snakefile), "--cores", "2", TABLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / TABLE).exists()
    assert str(snakefile.parent / "profiles/default") in done.stderr  # the profile beside the Snakefile


def test_the_wheel_holds_the_workflow_as_it_is_in_the_clone(installed):
    shipped = installed.site / "challengeflow/shipped"
    found = {str(path.relative_to(shipped)) for path in shipped.rglob("*") if path.is_file()}
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout
    kinds = r"Snakefile|config\.yaml|workflow/(Snakefile|rules/.*|report/.*)|envs/.*\.yaml|profiles/.*|examples/.*"
    assert found == {path for path in tracked.splitlines() if re.fullmatch(kinds, path)}
    assert all((shipped / path).read_bytes() == (ROOT / path).read_bytes() for path in found)


def test_the_kit_finds_the_envs_of_a_wheel(installed):
    """`env="core"`, the default of a challenge, names a file of the workflow, which no clone is there to give."""
    asked = "from challengeflow.testing.check_declarations import _env; print(list(_env('core', 'Challenge.env')))"
    done = installed.run("python", "-c", asked)
    assert done.stdout == "[]\n", done.stdout + done.stderr
