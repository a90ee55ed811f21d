"""Jobs that go wrong on a real Slurm: each ends in a clear state, and the run, or the next one, goes on from there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, Site, install_plugin, make_site

HERE = Path(__file__).parent
NEEDED = ("slurmctld", "slurmd", "sbatch", "munged", "ip", "unshare", "nsenter")
MISSING = [program for program in NEEDED if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None]
pytestmark = [
    pytest.mark.skipif(
        bool(MISSING or os.geteuid()) and "CHALLENGEFLOW_NO_SKIP" not in os.environ,
        reason=f"a Slurm of one's own needs root and {', '.join(MISSING) or 'nothing more'}",
    ),
]
CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 3, shards: {train: 1, test: 1}}
    models:
      logistic: {parameters: {iterations: 60, pause: PAUSE}}
"""
FEW = "results/digits/few"
SLURM = ["--slurm-status-command", "squeue", "--slurm-no-account", "--seconds-between-status-checks", "3"]
# What is not on trial goes into one job.
REST = ["--groups", "predict=answer", "score=answer", "--group-components", "answer=50"]
REST += ["--slurm-init-seconds-before-status-checks", "3"]


@dataclass
class Cluster:
    """A Slurm of this module's own; commands run where its daemons are. `first`: the first process there."""

    site: Path
    first: str

    def start(self, folder: Path, command: list[str], output: Path, **extra: str) -> subprocess.Popen:
        enter = ["nsenter", "--target", self.first, "--all", f"--wd={folder}", "--", *command]
        with open(output, "w") as log:
            return subprocess.Popen(enter, env=os.environ | extra, stdout=log, stderr=subprocess.STDOUT)

    def run(self, command: str) -> str:
        """What a shell command prints; it must succeed."""
        output = self.site / "output.txt"
        status = self.start(self.site, ["bash", "-c", command], output).wait(timeout=60)
        assert status == 0, f"{command}: {output.read_text()}"
        return output.read_text()

    def jobs(self, *states: str) -> list[str]:
        """Ids of the jobs in these states."""
        return self.run(f"squeue --noheader --states {','.join(states)} --format %i").split()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """A Slurm that ends with the module."""
    folder = tmp_path_factory.mktemp("cluster")
    ready = folder / "ready"
    command = [str(HERE / "with-slurm"), "bash", "-c", f'echo "$SLURM_SITE" > {ready}; exec sleep infinity']
    process = subprocess.Popen(command)
    wait_for(lambda: (ready.exists() and ready.read_text()) or process.poll() is not None, "Slurm to start")
    assert process.poll() is None, "Slurm did not start"
    (unshare,) = _children(process.pid)
    (first,) = _children(unshare)
    yield Cluster(Path(ready.read_text().strip()), first)
    os.kill(int(unshare), signal.SIGKILL)  # its namespace, and every daemon in it, goes with it
    process.wait(timeout=30)


def _children(process: int | str) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def wait_for(condition, what: str, seconds: float = 180):
    """Wait until the condition holds and return what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.5)
    return found


@dataclass
class Run:
    """A workflow submitted to the cluster, and where its output goes."""

    process: subprocess.Popen
    output: Path

    @property
    def text(self) -> str:
        return self.output.read_text()

    def end(self) -> int:
        return self.process.wait(timeout=300)


def submit(cluster: Cluster, site: Site, *arguments: str) -> Run:
    """Start `snakemake --profile profiles/slurm` in a site."""
    profiles = ["--profile", str(ROOT / "profiles/slurm"), "--workflow-profile", str(ROOT / "profiles/default")]
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), *profiles, *SLURM, *arguments]
    output = site.folder / "output.txt"
    environment = site.environment(CHALLENGEFLOW_PLUGINS="digits,trouble", HOME=str(site.folder))
    return Run(cluster.start(site.folder, command, output, **environment), output)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Site:
    """A site whose shards are prepared, and the local run's results in `expected`."""
    made = make_site(tmp_path_factory.mktemp("local"))
    (made.folder / "source").mkdir()
    package = made.folder / "source/challengeflow_trouble"
    package.mkdir()
    shutil.copy(HERE / "trouble.py", package / "__init__.py")
    install_plugin(package, made.folder / "plugins", "trouble")
    made.configure(CONFIG.replace("PAUSE", "0"))
    done = made.snakemake("digits", CHALLENGEFLOW_PLUGINS="digits,trouble")
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(made.folder / FEW / "logistic", made.folder / "expected")
    shutil.rmtree(made.folder / FEW / "logistic")
    shutil.rmtree(made.folder / "results/digits/submissions")
    shutil.rmtree(made.folder / "results/logs")
    return made


@pytest.fixture
def site(prepared: Site, tmp_path: Path) -> Site:
    """A copy of that site, with training slow enough to be hit."""
    shutil.copytree(prepared.folder, tmp_path / "site", symlinks=True)
    made = Site(tmp_path / "site")
    made.configure(CONFIG.replace("PAUSE", "0.4"))
    return made


def results(folder: Path) -> dict[str, bytes]:
    """The content of models, predictions, scores and decisions, by path."""
    kept = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in kept
        if not p.name.endswith(".provenance.json") and p.name != ".snakemake_timestamp"
    }


def assert_as_expected(site: Site) -> None:
    assert results(site.folder / FEW / "logistic") == results(site.folder / "expected")


def training(site: Site, fold: int) -> bool:
    """Whether that fold has begun to train."""
    log = site.folder / f"results/logs/digits/few/logistic/fold-{fold}/train.log"
    return log.exists() and bool(list((site.folder / "results/.work/digits").glob("train-*/checkpoint.npz")))


def test_too_much_memory_too_long_and_cancelled(cluster: Cluster, site: Site):
    """Each is told with Slurm's reason, submitted again with more, and ends as it would have locally."""
    site.configure(CONFIG.replace("PAUSE", "0"))
    (site.folder / "trouble.json").write_text(json.dumps({"0": "memory", "1": "forever", "2": "forever"}))
    run = submit(cluster, site, "digits", *REST, "--set-resources", "train:runtime=1")
    log = site.folder / "results/logs/digits/few/logistic/fold-2/train.log"
    wait_for(lambda: log.exists() or run.process.poll() is not None, "fold 2 to start")
    said = "".join(path.read_text() for path in (site.folder / ".snakemake/log").glob("*.log"))
    (job,) = re.findall(r"SLURM jobid (\d+) \(log: \S*/digits_few_logistic_2/", said)
    cluster.run(f"scancel {job}")
    assert run.end() == 0, run.text
    for state in ("TIMEOUT", "CANCELLED"):
        assert f"SLURM status is: '{state}'" in run.text
    # Without cgroups Slurm's state is only FAILED; the reason is in its log, which the message names.
    (log,) = re.findall(r"its log, (/\S*/digits_few_logistic_0/\d+\.log),", run.text)
    assert "exceeded memory limit" in Path(log).read_text()
    assert_as_expected(site)


@pytest.mark.long
def test_a_node_that_dies(cluster: Cluster, site: Site):
    """Slurm puts the job back into the queue; when the node is back, the training goes on where it was."""
    run = submit(cluster, site, f"{FEW}/logistic/fold-0")
    wait_for(lambda: training(site, 0), "training to start")
    # Whatever ran there dies with it: daemons, the Snakemake inside the job, and the stage.
    cluster.run("pkill -KILL slurmd; pkill -KILL slurmstepd; pkill -KILL -f '[-]-mode|[c]hallengeflow train'; true")
    wait_for(lambda: "down" in cluster.run("sinfo --noheader --format %t"), "Slurm to miss the node")
    cluster.run("PATH=$PATH:/usr/sbin slurmd -N node")
    wait_for(lambda: cluster.jobs("PENDING"), "the job to be in the queue again")
    assert run.end() == 0, run.text
    log = site.folder / "results/logs/digits/few/logistic/fold-0/train.log"
    assert "resumed at step" in log.read_text()
    assert results(site.folder / FEW / "logistic/fold-0") == results(site.folder / "expected/fold-0")


@pytest.mark.long
def test_ctrl_c_and_a_killed_submitter(cluster: Cluster, site: Site):
    """Ctrl-C takes the jobs along; after a kill they go on, and their outputs cannot be written twice at once."""
    target, log = f"{FEW}/logistic/fold-0", site.folder / "results/logs/digits/few/logistic/fold-0/train.log"
    run = submit(cluster, site, target)
    wait_for(lambda: training(site, 0), "training to start")
    cluster.run("pkill -INT -f '[s]nakemake.*--profile'")
    assert run.end() != 0
    wait_for(lambda: not cluster.jobs("RUNNING", "PENDING"), "the jobs to be cancelled")

    run = submit(cluster, site, target)
    wait_for(lambda: log.exists() and "resumed at step" in log.read_text(), "training to go on")
    cluster.run("pkill -KILL -f '[s]nakemake.*--profile'")
    run.end()
    (orphan,) = cluster.jobs("RUNNING")
    again = site.challengeflow("train", "digits/few", "logistic", "0")
    assert again.returncode == 1
    assert "is being made by process" in again.stderr and f"(Slurm job {orphan})" in again.stderr
    cluster.run(f"scancel {orphan}")
    wait_for(lambda: not cluster.jobs("RUNNING", "COMPLETING"), "the orphan to end")

    run = submit(cluster, site, target)
    assert run.end() != 0 and "--unlock" in run.text
    assert submit(cluster, site, "--unlock").end() == 0
    run = submit(cluster, site, target)
    assert run.end() == 0, run.text
    assert results(site.folder / FEW / "logistic/fold-0") == results(site.folder / "expected/fold-0")


def test_nothing_runs_without_the_daemons(cluster: Cluster, site: Site):
    """The jobs above went through Slurm: with its controller stopped they do not run. Stops the cluster: last."""
    cluster.run(f"kill $(cat {cluster.site}/run/slurmctld.pid)")
    run = submit(cluster, site, f"{FEW}/logistic/fold-0", "--retries", "0")
    assert run.end() != 0
    assert "Unable to contact slurm controller" in run.text
    assert not (site.folder / FEW / "logistic").exists()
