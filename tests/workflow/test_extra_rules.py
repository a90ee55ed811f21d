"""The extra rules of a plugin, under the name of its challenge."""

from pathlib import Path


def test_a_rule_of_a_plugin_runs_under_its_challenge(site):
    done = site.snakemake("digits_groups")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (site.folder / "results/digits/few/groups.txt").read_text().splitlines()
    assert len(lines) == 15 and all(line.split()[0] == "20" for line in lines)


def test_the_documented_rule_is_the_one_that_is_run():
    root = Path(__file__).parents[2]
    assert (root / "tests/digits/challengeflow_digits/extra.smk").read_text() in (root / "docs/wrappers.md").read_text()
