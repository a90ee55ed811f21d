"""`challengeflow doctor`, on the machine that runs the tests and on what is made up."""

from challengeflow.launching import extras, machine
from challengeflow.planning.plugins import Registry, registry


def test_it_says_what_is_installed_and_what_the_machine_has(site):
    done = site.challengeflow("doctor")
    assert done.returncode == 0, done.stderr
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert said["installed"].startswith("challengeflow 0.") and said["workflow"].endswith("/Snakefile")
    assert said["plugin"] == "digits (challengeflow_digits 1.0)"
    assert " cores, " in said["machine"] and "GiB free here" in said["machine"]
    assert {"snakemake", "GPU", "containers", "envs"} <= said.keys()


def test_an_extra_that_is_missing_has_its_command(monkeypatch):
    monkeypatch.setattr(extras, "_absent", lambda name: name == "simpleitk")
    found = {str(extra): extra for extra in extras.extras(registry())}
    assert found["challengeflow-mood[torch]"].missing == ("simpleitk",)
    assert found["challengeflow-mood[torch]"].command == "pip install 'challengeflow-mood[torch]'"
    assert found["challengeflow[slurm]"].missing == ()
    assert not {"challengeflow[dev]", "challengeflow[heads]"} & found.keys()
    assert extras.extras(Registry([("nobody", object(), "no-such-distribution 1")]))


def test_memory_is_what_the_control_group_allows(monkeypatch, tmp_path):
    whole = machine.memory_mb()
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "small").write_text(f"{300 << 20}\n")
    for limits, expected in ((("none", "absent"), whole), (("none", "small"), 300)):
        monkeypatch.setattr(machine, "MEMORY_LIMITS", [str(tmp_path / name) for name in limits])
        assert machine.memory_mb() <= whole and (machine.memory_mb() == 300) == (expected == 300)
