"""A finished run with one submission and its crates, and a validator that reaches no network."""

import io
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import make_site

from challengeflow.crates.export import export
from challengeflow.planning.plugins import Registry

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}, preprocess: {scale: 15}}
    models:
      one: {model: logistic, seed: 7, parameters: {iterations: 5}}
    submissions: {csv: {mine: {few: one}}}
"""
FOLDER = "results/digits/submissions/csv/mine"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TERMS = Path(__file__).with_name("ro-crate-1.1-terms.json")
"""Of that address: the terms that crates use here, all others being none of it."""


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A site with one submission, the registry of its plugin, and the members of two archives, `mine.zip` and
    `with-models.zip`: name -> bytes."""
    site = make_site(tmp_path_factory.mktemp("a run"))
    site.configure(CONFIG)
    done = site.snakemake(FOLDER)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(site.folder / "plugins"), *sys.path])
        import challengeflow_digits

        site.registry = Registry([("digits", challengeflow_digits, "challengeflow_digits 1.0")])
        for name, models in (("mine.zip", False), ("with-models.zip", True)):
            export(site.folder / FOLDER, site.folder / name, site.registry, models=models)
        site.members, site.with_models = members(site.folder / "mine.zip"), members(site.folder / "with-models.zip")
        yield site


def members(path: Path) -> dict[str, bytes]:
    """Name -> content of all in an archive, which has no name twice."""
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist()))
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def valid(tmp_path_factory):
    """Tells what is wrong with an archive, by the RO-Crate validator with the profile Workflow Run Crate."""
    from requests import Response
    from requests.adapters import BaseAdapter
    from requests_cache import CachedSession
    from rocrate_validator import services
    from urllib3 import HTTPResponse

    class FromHere(BaseAdapter):
        def send(self, request, **options):
            found = Response()
            found.status_code, found.url, found.request = 200, request.url, request
            found._content = TERMS.read_bytes()
            found.headers["Content-Type"] = "application/ld+json"
            found.raw = HTTPResponse(body=io.BytesIO(), status=200, headers=found.headers, preload_content=False)
            return found

        def close(self):
            pass

    cache = str(tmp_path_factory.mktemp("validator") / "cache")
    with CachedSession(cache, backend="sqlite") as session:
        session.mount("https://", FromHere())
        session.get(CONTEXT)

    def complaints(archive: Path) -> list[str]:
        plain = tmp_path_factory.mktemp("crate") / "crate.zip"  # the validator's own limit: no space in the path
        plain.symlink_to(archive)
        asked = {"rocrate_uri": str(plain), "profile_identifier": "workflow-run-crate-0.5", "offline": True}
        result = services.validate({**asked, "requirement_severity": "REQUIRED", "cache_path": cache})
        assert len(result.executed_checks) > 50
        return [f"{each.message} {each.violatingEntity}" for each in result.get_issues()]

    return complaints
