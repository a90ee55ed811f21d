"""The wheel, installed where no repository is, with the digits plugin beside it."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, install_plugin
from outside.second_venv import Outside, make_outside
from wheels import build_wheels


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the core."""
    folder = tmp_path_factory.mktemp("built") / "wheels"
    build_wheels(folder)
    return next(folder.glob("challengeflow-*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory) -> Outside:
    """A virtual environment with the wheel, which goes before the editable install of the one that runs the tests."""
    made = make_outside(tmp_path_factory.mktemp("installed"))
    done = made.run("pip", "install", str(wheel))
    assert done.returncode == 0, done.stderr
    install_plugin(ROOT / "tests/digits/challengeflow_digits", made.site, "digits")
    shutil.rmtree(wheel.parent.with_name("wheels-source"))
    return made
