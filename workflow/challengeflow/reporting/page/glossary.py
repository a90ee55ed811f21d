"""The words of the page, each explained where it stands and once more at the end."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup, escape

GENERATED = "generated data"
TERMS = {
    GENERATED: "Made up by a program in the real file formats (the demo), to show that everything works. Scores "
    "on it say nothing about real data.",
    "sample": "One thing that gets an answer: a video, a recording, a scan.",
    "dataset": "A set of samples with a name, such as nano. The samples are in splits.",
    "split": "A part of a dataset: train to learn from, test to answer; a challenge may have others.",
    "train": "The samples that models learn from. Each is scored by a model that did not see it (cross-validation).",
    "test": "The samples that a submission answers. Models never learn from them.",
    "fold": "Train samples are cut into a few folds. A model learns from all folds but one and is tried on that.",
    "out of fold": "Scored by a model that learnt from the other folds only, so never from the sample itself.",
    "source": "Where a dataset comes from: the demo (generated), the organisers (official), or a folder of your own.",
    "model": "What gives the answers. Its name links to its own page.",
    "control": "No competitor, but a yardstick: the right answers (perfect), one answer for all (prior), or guesses "
    "(random).",
    "control-perfect": "A yardstick: the right answers themselves. No model can score more.",
    "control-prior": "A yardstick: always answers the average of the training labels.",
    "control-random": "A yardstick: answers by chance.",
    "ensemble": "Several models that answer together: their answers are averaged.",
    "guessing": "What a guess is expected to score on the same samples; not what one lucky or unlucky guess scored.",
    "score": "The number by which the challenge ranks. Its interval stands beside it.",
    "interval": "The range in which the score would lie in 95 of 100 repetitions with other samples of the same kind "
    "(bootstrap over whole groups). A wide one means: too few samples to be sure.",
    "scaled": "The score on a common ruler: 0 is as good as guessing, 1 is perfect. Below 0 is worse than guessing.",
    "behind the best": "By how much the model scores less than the best one, on the same redraws of the data. If the "
    "range includes 0, both may be equally good.",
    "not readable": "Samples that could not be read. They get the challenge's safe answer and count in the score.",
    "published": "A score from a paper, on the same data. It was not measured here.",
    "submission": "What is handed in to the organisers, or given to people: files in a folder of their own.",
    "CPU time": "Computing time of all jobs of the model, added up over cores. Under a second is not measured.",
    "peak memory": "The most memory that one of its jobs held at a time.",
    "a case": "Time of prediction for one sample.",
    "jobs": "Steps of the run, such as training one fold. Many run at a time.",
    "stage": "What kind of step a job is: fetch the data, prepare them, train, predict, score, draw, package.",
    "parameters": "The settings of the model. The config can change them.",
    "provenance": "What made a file: its settings, code, seed, versions, and checksums of all it was made from.",
    "code": "A fingerprint of the program text that made the file: other code, other fingerprint.",
    "seed": "The number that chance starts from. The same seed gives the same result.",
    "sha256": "A checksum: another content has another one.",
    "stale": "Made with other settings, data or code than the config has now. The next run makes it again.",
    "config": "The file that says what to run: config.yaml.",
    "status": "Whether the sample could be read: ok, or the reason why not.",
    "plugin": "The add-on that made the file, with its version.",
    "output": "What was made: a model of a fold, scores, pictures.",
    "time": "How long the job took, from start to end.",
    "time of jobs": "How long the jobs took, added up. It is more than the wait, for they run side by side.",
}


class Glossary:
    """Words and what they mean: those of the page, and those of a challenge, which stand above them."""

    def __init__(self, own: Mapping[str, str]):
        self.own = own
        self._known = {_plain(term): text for term, text in (TERMS | dict(own)).items()}
        self._known["generated"] = TERMS[GENERATED]  # as a row of a table has it

    def explain(self, text: Any) -> Markup:
        """A word with its meaning to be seen when it is pointed at; text that is no term as it is."""
        meaning = self._known.get(_plain(str(text)))
        if meaning is None:
            return escape(text)
        return Markup('<abbr title="{}">{}</abbr>').format(meaning, text)


def terms_of(parts: Iterable[tuple[str, Mapping[str, str]]]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Heading and terms of each part of the glossary; parts: those that are not of every page."""
    yield "On every page", TERMS
    yield from ((title, own) for title, own in parts if own)


def _plain(term: str) -> str:
    return term.replace("_", " ").casefold()
