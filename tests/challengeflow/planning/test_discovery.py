"""Finding all plugins costs nothing heavy."""

import os
import subprocess
import sys

HEAVY = {"torch", "sklearn", "pandas", "av", "nibabel", "scipy", "numpy", "timm", "cv2", "snakemake", "jsonschema"}


def test_discovery_imports_nothing_heavy():
    code = "from challengeflow.planning.plugins import registry; assert registry().challenges, 'no plugin is installed'"
    environment = {name: value for name, value in os.environ.items() if name != "CHALLENGEFLOW_PLUGINS"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "challengeflow" in imported
    assert not HEAVY & imported
