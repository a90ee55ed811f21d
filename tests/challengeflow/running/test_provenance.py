"""The note beside a result has the version of whatever the plugin's distribution requires, by no list of the core's."""

import sys

import numpy
import pytest
import sklearn

from challengeflow.running.provenance import versions_behind

METADATA = """\
Metadata-Version: 2.1
Name: challengeflow-of-somebody
Version: 2.1
Requires-Dist: scikit-learn<2,>=1.0
Requires-Dist: Jinja2
Requires-Dist: not-installed-at-all
Requires-Dist: pytest; extra == "test"
Requires-Dist: tables[more]>=3; python_version > "3"
"""


@pytest.fixture
def somebody(tmp_path, monkeypatch):
    info = tmp_path / "challengeflow_of_somebody-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    versions_behind.cache_clear()
    yield "challengeflow-of-somebody"
    versions_behind.cache_clear()


def test_what_a_plugin_requires_is_noted(somebody):
    found = versions_behind(somebody)
    assert found["challengeflow-of-somebody"] == "2.1" and found["scikit-learn"] == sklearn.__version__
    assert {"python", "challengeflow", "numpy", "jinja2", "pytest", "tables"} <= set(found)
    assert "not-installed-at-all" not in found and "torch" not in found


def test_a_plugin_that_is_no_distribution_has_what_all_have():
    found = versions_behind("no-such-distribution")
    assert set(found) == {"python", "challengeflow", "contract", "numpy"} and found["numpy"] == numpy.__version__
