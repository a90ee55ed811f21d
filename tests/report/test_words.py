"""The front page in words, and what a demo is called wherever its results are shown."""

import json
import re
import shutil

import pytest
from report_size import make_up

from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import challenge_settings
from challengeflow.reporting.chance import guessing
from challengeflow.reporting.page import formats, page, words
from challengeflow.reporting.page.gather import Gathered
from challengeflow.reporting.page.glossary import TERMS, Glossary
from challengeflow.running import warn


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_up(tmp_path_factory.mktemp("run") / "results", models=2, samples=40, pixels=8)


@pytest.fixture
def own(run, tmp_path):
    """The run again, to be changed: its part of the subject and the folder it is in."""
    folder = str(tmp_path / "results")
    shutil.copytree(run["results"], folder)
    return json.loads(json.dumps(run).replace(run["results"], folder))


def gathered(about):
    return Gathered("made-up", about["challenges"]["made-up"])


def pages(text):
    """Id -> HTML of every page."""
    return {part.split('"')[0]: part for part in text.split('<section class="page" id="')[1:]}


def sentence(about):
    """The first verdict of the front page, without its markup."""
    found = re.search(r'<p class="verdict">(.*?)</p>', pages(page.render([gathered(about)]))["overview"], re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


def rescore(about, **entry):
    """Give the best model other scores on the split that ranks."""
    path = gathered(about).plan.layout.scores("one", "both")
    with open(path) as file:
        scores = json.load(file)
    scores["splits"]["train"] |= entry
    with open(path, "w") as file:
        json.dump(scores, file)


def test_the_first_sentence_says_whether_it_beats_guessing_and_how_sure_that_is(own):
    assert sentence(own) == "both beats guessing: 0.72 [0.70, 0.74], guessing 0.50"
    rescore(own, score=0.75, interval=[0.4, 0.9])
    assert sentence(own) == "both may be no better than guessing: 0.75 [0.40, 0.90], guessing 0.50"
    assert any("includes what guessing scores" in each for each in words.worries(gathered(own)))
    own["challenges"]["made-up"]["about"]["direction"] = "lower"
    assert "model-00 is worse than guessing: 0.60" in sentence(own)


def test_the_front_page_says_what_to_hand_in_where_and_what_comes_next(own):
    front = pages(page.render([gathered(own)]))["overview"]
    assert 'href="made-up/submissions/csv/one/submission.csv"' in front and "not for handing in" in front
    assert "challengeflow init --challenge made-up --data FOLDER" in front
    own["challenges"]["made-up"]["datasets"]["one"]["source"] = "official"
    front = pages(page.render([gathered(own)]))["overview"]
    assert 'at <a href="https://example.org"' in front and "not for handing in" not in front
    assert "challengeflow answer made-up-one-both.model.zip FOLDER" in front
    assert front.count("<details") == 3 and "<table" not in front.split("<details")[0]  # costs, config, versions


def test_a_demo_is_called_so_on_every_page_tile_row_and_table(own):
    text = page.render([gathered(own)])
    shown = pages(text)
    for name, part in shown.items():
        if name != "glossary":
            assert 'class="badge generated"' in part, name
    rows = shown["leaderboard"].split("<tbody>")[1].split("</tr>")[:-1]
    assert len(rows) > 9 and all('class="badge generated"' in row for row in rows)
    assert "1,413 videos" not in text and "all of them generated" in text  # what was run, not what is declared
    own["challenges"]["made-up"]["datasets"]["one"]["source"] = "official"
    text = page.render([gathered(own)])
    assert 'class="badge generated"' not in text and "1,413 videos" in text


def test_models_of_a_demo_that_answer_real_data_are_loud(own):
    plan = gathered(own).plan
    assert warn.learnt_from_generated(plan, "mine") and not warn.learnt_from_generated(plan, "one")
    shown = pages(page.render([gathered(own)]))
    assert "These answers mean nothing" in shown["overview"]
    assert shown["made-up"].count("loud") >= 3 and "do not use these answers to mine" in shown["made-up"]
    part = challenge_settings(own["challenges"]["made-up"])
    of_job = Plan("made-up", plan.part_of_submission("answers", "mine-both"))  # as the stage has it
    assert warn.of_generated_data(of_job, ["mine"]) and part.datasets["one"].source == "demo"
    assert not warn.of_generated_data(of_job, [])


def test_the_cores_warning_stands_above_the_plugins(tmp_path):
    (tmp_path / "warnings.txt").write_text("a video is black\n")
    warn.put_first(tmp_path, ["trained on a demo"])
    assert (tmp_path / "warnings.txt").read_text() == "trained on a demo\na video is black\n"


def test_own_data_show_their_answers_what_could_not_be_read_and_pictures(own):
    (mine,) = [each for each in gathered(own).submissions if each.own]
    assert mine.unread == ({"sample": "b", "reason": "the file is empty"},)
    (table,) = mine.tables
    assert table.columns == ("sample", "score", "answer") and table.numeric == (False, True, False)
    text = pages(page.render([gathered(own)]))["made-up"]
    assert "<td>the file is empty</td>" in text and "1 sample could not be read" in text
    assert '<th class="number"><abbr' in text and '<td class="number">0.25</td>' in text
    assert "<td>&lt;unknown&gt;</td>" in text  # what stands in a table is text
    assert '<img loading="lazy" decoding="async" alt="surest" width="8" height="8"' in text


def test_the_zero_of_scaled_is_what_guessing_is_expected_to_score(own):
    lucky = {"score": 0.6, "resamples": {"of": "x", "scores": [0.5, None, 0.6]}}
    assert guessing({"chance": 0.3}, "0.5", lucky) == 0.3
    assert guessing({}, "0.5", lucky) == 0.5
    assert guessing({}, "the share of cases", lucky) == pytest.approx(0.55)
    assert guessing({}, "the share of cases", {"score": 0.6}) == 0.6
    assert guessing({}, "the share of cases", None) is None
    rescore(own, score=0.3, chance=0.3)  # a constant answer, of which the challenge knows what it is worth
    assert next(each for each in gathered(own).variants if each.name == "both").results[0].scaled == 0


def test_what_is_too_short_to_be_measured_is_no_figure():
    assert [formats.duration(value) for value in (None, 0.0, 0.4, 2, 90 * 60)] == [
        "",
        "under 1 s",
        "under 1 s",
        "2 s",
        "90 min",
    ]
    assert [formats.seconds(value) for value in (0.0, 0.02)] == ["under 1 ms", "20 ms"]
    assert [formats.memory(value) for value in (None, 0.0, 12.4)] == ["", "", "12 MB"]


def test_words_are_explained_in_place_and_in_the_glossary(own):
    explain = Glossary({"roc auc": "how often it is right", "<odd>": 'a "word"'}).explain
    assert explain("ROC_AUC") == '<abbr title="how often it is right">ROC_AUC</abbr>'
    assert (
        explain("<odd>") == '<abbr title="a &#34;word&#34;">&lt;odd&gt;</abbr>'
        and explain("<other>") == "&lt;other&gt;"
    )
    shown = pages(page.render([gathered(own)]))
    assert '<dt><abbr title="how deep it guesses">depth</abbr></dt>' in shown["made-up/one/model-00"]
    text = shown["glossary"]
    assert all(f"<dt>{term}</dt>" in text for term in TERMS) and "<dt>samples</dt>" in text
