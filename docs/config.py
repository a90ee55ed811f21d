"""Write docs/config.md from the schema, the plugins and the list of jobs: `python docs/config.py`."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from challengeflow.planning.check_config import SCHEMA
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import plans
from challengeflow.planning.planned_job import JOB_STAGES
from challengeflow.planning.plugins import registry
from challengeflow.planning.settings import as_json

PAGE = Path(__file__).with_suffix(".md")
CHALLENGES = ("clog-loss", "mabe-task1", "mood")

INTRODUCTION = """\
# config.yaml

What to run, in one file: challenges, their datasets, the variants of models, and the submissions. What is left out
has a default, so most configs are short. `challengeflow init` writes one, `challengeflow validate` checks it in a
second, `challengeflow run --dry-run` says what it will take. A mistake is one sentence that names the key and the
nearest name there is, and all of them are told at once. No credential belongs here: one is refused, and the
environment or the client's own store (`~/.aws`, `~/.netrc`, `~/.synapseConfig`) is the place for it.

Written by `docs/config.py`: the tables come from the schema and the plugins, the examples below are checked by a test.

"""
EXAMPLES = """\
## Worked examples

**The demo of one challenge, with the models that it runs by default.**

```yaml
challenges:
  mood:
    datasets:
      brain: {source: demo}
      abdom: {source: demo}
```

**Data of your own.** `source` is the path of the challenge's files, in the layout that its README describes; folds
and shards are yours to choose. Under a name of your own, `trained_on` says whose models answer it.

```yaml
results: results-lab
challenges:
  mabe-task1:
    datasets:
      lab: {source: data/my-lab, folds: 3}
      new-videos: {source: data/my-new-videos, trained_on: lab}
    preprocess: {fps: 25}
    models:
      pose-boosting:
```

**Variants and an ensemble.** A variant is a name of yours for a model, its parameters and its seed. An ensemble
averages the answers of others, here the second one with twice the weight; it costs no training.

```yaml
challenges:
  clog-loss:
    datasets:
      nano: {source: demo, folds: 3}
    models:
      roi-features:
      roi-again: {model: roi-features, seed: 7}
      both: {members: {roi-features: 1, roi-again: 2}}
```

**A refit.** Unseen samples are answered by one model trained on all folds, instead of by the average of the fold
models, which are trained as well, for the score.

```yaml
challenges:
  mood:
    datasets:
      brain: {source: demo, folds: 3}
    models:
      pca-residual: {refit: true, parameters: {components: 20}}
```

**Several submissions.** Submission, then a name of yours, then the variant that answers each dataset. Without this
section every variant gets one of its own.

```yaml
challenges:
  mood:
    datasets:
      brain: {source: demo}
      abdom: {source: demo}
    models:
      pca-residual:
      coarse: {model: pca-residual, parameters: {components: 10}}
    submissions:
      docker:
        first-try: {brain: pca-residual, abdom: coarse}
        second-try: {brain: coarse, abdom: coarse}
```

**Much data, little disk.** At most four raw shards are on disk at once; more shards are smaller ones.

```yaml
raw_shards: 4
challenges:
  clog-loss:
    datasets:
      micro: {source: demo, folds: 3, shards: {train: 8, test: 4}}
```

"""
RERUNS = """\
## What a change runs again

Snakemake runs a job again when its part of the config has changed, or the code that it depends on, or one of its
inputs; and then what is below it. `challengeflow run --dry-run` says what that would be. Nothing else is touched. In
the table: the jobs whose own part holds the key, as the list of jobs of a small config has it.

"""
AFTER = """
Beside the config:

| you change | jobs that run again |
|---|---|
| code of a plugin | the stages whose module imports it, and what is below them; never download |
| code of the core | likewise; code that writes no answer makes nothing again |
| a comment, a name, a docstring in code | nothing |
| `config.yaml` in its comments, order or layout | nothing |
| files of a local source, added or changed | index and download of that dataset, and what is below them |
"""
BASE = {
    "results": "results",
    "seed": 1,
    "challenges": {
        "mood": {
            "datasets": {name: {"source": "demo", "folds": 2} for name in ("brain", "abdom")},
            "models": {
                "pca-residual": {},
                "coarse": {"model": "pca-residual"},
                "both": {"members": ["pca-residual", "coarse"]},
            },
        }
    },
}
MOOD: tuple[str, ...] = ("challenges", "mood")
CHANGES: dict[str, tuple[tuple[str, ...], Any]] = {
    "seed": (("seed",), 2),
    "device": (("device",), "cuda"),
    "keep_raw": (("keep_raw",), True),
    "raw_shards": (("raw_shards",), 2),
    "datasets.NAME.source": ((*MOOD, "datasets", "brain", "source"), "/"),
    "datasets.NAME.folds": ((*MOOD, "datasets", "brain", "folds"), 3),
    "download.KEY": ((*MOOD, "download"), {"demo_toy": 6}),
    "preprocess.KEY": ((*MOOD, "preprocess"), {"grid": 32}),
    "score.KEY": ((*MOOD, "score"), {"bootstrap_rounds": 7}),
    "package.KEY": ((*MOOD, "package"), {"proof_cases": 1}),
    "max_failed": ((*MOOD, "max_failed"), 0.5),
    "models.VARIANT.parameters": ((*MOOD, "models", "coarse", "parameters"), {"components": 7}),
    "models.VARIANT.seed": ((*MOOD, "models", "coarse", "seed"), 9),
    "models.VARIANT.refit": ((*MOOD, "models", "coarse", "refit"), True),
    "models.VARIANT.members": ((*MOOD, "models", "both", "members"), {"pca-residual": 1, "coarse": 3}),
    "controls": ((*MOOD, "controls"), False),
    "submissions": ((*MOOD, "submissions"), {"maps": {"mine": {"brain": "coarse"}}}),
}


def page() -> str:
    """The whole page."""
    schema = yaml.safe_load(SCHEMA.read_text())
    return "".join(
        [
            INTRODUCTION,
            "## Every key\n\n",
            *_keys(schema),
            EXAMPLES,
            RERUNS,
            *_reruns(),
            AFTER,
            "\n## Parameters of the challenges that ship\n\n",
            "Those of the models, and of other plugins: `challengeflow describe CHALLENGE`.\n\n",
            *_parameters(),
        ]
    )


def _keys(schema: Mapping[str, Any]) -> Iterator[str]:
    for title, part in (
        ("On top", schema),
        ("`challenges.NAME`", schema["$defs"]["challenge"]),
        ("`challenges.NAME.datasets.NAME`", schema["$defs"]["dataset"]),
        ("`challenges.NAME.models.VARIANT`", schema["$defs"]["variant"]),
    ):
        needed = part.get("required", [])
        yield f"### {title}\n\n| key | value | without it | what it is |\n|---|---|---|---|\n"
        for key, entry in part["properties"].items():
            default = "needed" if key in needed else _code(entry["default"]) if "default" in entry else ""
            yield f"| `{key}` | {_type(entry)} | {default} | {entry['description']} |\n"
        yield "\n"


def _type(entry: Mapping[str, Any]) -> str:
    """The kind of value in words."""
    if "enum" in entry:
        return ", ".join(map(_code, entry["enum"]))
    if "oneOf" in entry:
        return " or ".join(_type(each) for each in entry["oneOf"])
    names = {"object": "mapping", "array": "list", "boolean": "yes or no", "integer": "whole number", "string": "text"}
    kinds = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
    limits = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
    within = [text.format(entry[limit]) for limit, text in limits.items() if limit in entry]
    return ", ".join([" or ".join(names.get(kind, kind) for kind in kinds), *within])


def _code(value: Any) -> str:
    return (
        f"`{json.dumps(value, ensure_ascii=False)}`".replace('"', "") if not isinstance(value, list) else _list(value)
    )


def _list(value: list[Any]) -> str:
    return f"`[{', '.join(map(str, value))}]`"


def _reruns() -> Iterator[str]:
    yield "| key | jobs that run again, and what is below them | new jobs |\n|---|---|---|\n"
    before = _parts(BASE)
    for key, (place, value) in CHANGES.items():
        changed = copy.deepcopy(BASE)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]  # type: ignore[assignment]
        inner[place[-1]] = value
        after = _parts(changed)
        again = {job[0] for job in before.keys() & after.keys() if before[job] != after[job]}
        new = {job[0] for job in after.keys() - before.keys()}
        yield f"| `{key}` | {_stages(again) or 'none'} | {_stages(new)} |\n"


def _parts(config: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Job -> the part of the settings that it depends on."""
    jobs = [job for plan in plans(resolve(config, registry())).values() for job in Jobs(plan, registry())]
    return {(job.stage, *job.parts): json.dumps(as_json(job.part), sort_keys=True) for job in jobs}


def _stages(found: set[str]) -> str:
    return ", ".join(stage for stage in JOB_STAGES if stage in found)


def _parameters() -> Iterator[str]:
    for name in CHALLENGES:
        yield f"### {name}\n\n| key | without it | what it is |\n|---|---|---|\n"
        for stage, parameters in registry().challenge(name).schema.items():
            for key, entry in parameters.items():
                meaning = re.sub(r"\s+", " ", entry["description"]).rstrip(".").replace("|", "\\|")
                yield f"| `{stage}.{key}` | {_code(entry['default'])} | {meaning[0].upper()}{meaning[1:]}. |\n"
        yield "\n"


if __name__ == "__main__":
    PAGE.write_text(page().rstrip() + "\n")
