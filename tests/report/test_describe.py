"""`challengeflow describe`: a list, a page, and everything where it is asked for."""


def lines(site, *arguments: str) -> list[str]:
    done = site.challengeflow("describe", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_a_name_it_lists_the_challenges(site):
    listed = lines(site)
    assert listed[0].split()[0] == "CHALLENGE" and listed[1].split()[0] == "digits"


def test_a_challenge_is_a_page(site):
    page = lines(site, "digits")
    assert page[0] == "Even digits" and len(page) < 30
    assert "  logistic: logistic regression by gradient descent" in page
    assert not any("iterations" in line for line in page)


def test_all_has_the_parameters_of_every_stage_and_model_once(site):
    whole = lines(site, "digits", "--all")
    for name, where in (("broken", "download"), ("scale", "preprocess"), ("iterations", "logistic")):
        (at,) = [place for place, line in enumerate(whole) if line.startswith(f"  {name} = ")]
        heading = next(line for line in reversed(whole[:at]) if line.startswith("Parameters of"))
        assert heading == f"Parameters of {where}"


def test_what_the_workflow_calls_stands_apart_in_the_help(site):
    help_text = site.challengeflow("--help").stdout
    own, _, called = help_text.partition("what the workflow calls, one a job:")
    assert "    preprocess " in called and "    preprocess " not in own and "    status " in own
