"""A run that is killed goes on with the very same command: a small, seeded part of what `make test-kills` does."""

from conftest import make_site
from launching.kill_runs import compare, killed, undisturbed

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}
    models: {logistic: {parameters: {pause: 0.02}}}
"""


def test_kills_of_group_and_leader_change_no_byte(tmp_path):
    sites = [make_site(tmp_path / name) for name in ("undisturbed", "killed")]
    for site in sites:
        site.configure(CONFIG)
    seconds = undisturbed(sites[0].folder, sites[0].environment())
    killed(sites[1].folder, ["group", "leader"], seconds / 2, 1, sites[1].environment())
    compare(sites[0].folder, sites[1].folder)
