"""What goes wrong inside a stage is one sentence that names the plugin whose code it was, and keeps its traceback."""

import csv
import re
from pathlib import Path

from conftest import install_plugin

TRACKER = """\
from challengeflow import hookimpl


@hookimpl(wrapper=True)
def download(job):
    result = yield
    return {}[job.part]
"""


def test_a_bug_of_the_owner_names_the_sample(site):
    images = site.plugin / "images.py"
    images.write_text(
        images.read_text().replace("np.save(job.output", "1 // (sample.id != '0003'); np.save(job.output")
    )
    assert site.challengeflow("download", "digits/few", "index").returncode == 0
    with open(site.folder / "results/digits/few/index/samples.csv", newline="") as file:
        shard = next(row["shard"] for row in csv.DictReader(file) if row["sample"] == "0003")
    failed = site.challengeflow("download", "digits/few", shard)
    assert failed.returncode == 1
    assert re.search(
        r"plugin 'digits' failed in its hook 'download' at sample '0003' \(images.py, line \d+\): ZeroDivisionError: ",
        failed.stderr,
    )
    assert "Traceback" not in failed.stderr
    note = Path(failed.stderr.strip().rpartition("the traceback is in ")[2])
    assert "ZeroDivisionError" in note.read_text()
    images.write_text(images.read_text().replace("1 // (sample.id != '0003'); ", ""))
    again = site.challengeflow("download", "digits/few", shard)
    assert again.returncode == 0 and not note.exists()


def test_a_bug_of_a_wrapper_names_the_wrapper(site):
    tracker = site.folder / "source" / "challengeflow_tracker"
    tracker.mkdir(parents=True)
    (tracker / "__init__.py").write_text(TRACKER)
    install_plugin(tracker, site.folder / "plugins", "tracker")
    done = site.challengeflow("download", "digits/few", "index", CHALLENGEFLOW_PLUGINS="digits,tracker")
    assert done.returncode == 1
    assert "plugin 'tracker' failed in its hook 'download' (__init__.py, line 7): KeyError: 'index'" in done.stderr
    shown = site.challengeflow(
        "download", "digits/few", "index", CHALLENGEFLOW_PLUGINS="digits,tracker", CHALLENGEFLOW_TRACEBACK="1"
    )
    assert "Traceback" in shown.stderr
