"""A virtual environment for packages from outside, shared by the tests of `challengeflow new`."""

import pytest
from conftest import ROOT, install_plugin
from outside.second_venv import Outside, make_outside


@pytest.fixture(scope="session")
def outside(tmp_path_factory) -> Outside:
    """The virtual environment, with the digits plugin in it as well."""
    made = make_outside(tmp_path_factory.mktemp("outside"))
    install_plugin(ROOT / "tests/digits/challengeflow_digits", made.site, "digits")
    return made
