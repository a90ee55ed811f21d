"""The submission kit beside the archive: how to hand it in, the abstract filled from the run, and the list of rules."""

import hashlib
import json
from pathlib import Path

from challengeflow import Answers, Member, PackageJob
from challengeflow.bill import write_bill
from challengeflow_mood.docker.machine_python import libraries_named

README = """# MOOD submission {name}

`{archive}` (SHA-256 {digest}) is a docker build context: {files} files with models, code and four POSIX scripts.

## Check it as the organisers run it

```
challengeflow check-package {archive} --data FOLDER_OF_THE_TOY_CASES
```

Read-only root, no network, no /tmp, an arbitrary user, 600 s a case; under docker, podman or bubblewrap, whichever
works.

## Build it

```
docker build -t mood-{name} - < {archive}{cuda}
docker run --rm --network none --read-only -v /abs/in:/mnt/data:ro -v /abs/out:/mnt/pred mood-{name} \\
    /workspace/run_pixel_brain.sh /mnt/data /mnt/pred
```

Paths must be absolute and the output folder writable for the container's user. Without docker, `challengeflow
mood-image` makes a loadable image of a root file system that you bring; the plugin's README says how.

## Hand it in (Synapse, https://www.synapse.org/mood)

1. Be a registered, certified Synapse user and a member of the challenge's team; make a project of your own and share
   it with the organisers' team (may download).
2. Push the image to the project. SYN is its number, as in syn12345:

   ```
   docker login docker.synapse.org
   docker tag mood-{name} docker.synapse.org/SYN/mood-{name}
   docker push docker.synapse.org/SYN/mood-{name}
   ```
3. On the project's Docker page choose the image, then "Submit to challenge", once for each task (sample, pixel). The
   toy queue first: it does not count. Of up to three submissions the last one counts.
4. Send the abstract (`abstract.md` is a start) as a PDF with your names.

`mood-{name}.cdx.json` lists the software in the archive (CycloneDX). `checklist.md` has the rules, `answers_brain.csv`
and `answers_abdom.csv` the score and answer of every test case of this run.
"""
CUDA = """
# with a GPU (the image is larger; needs the NVIDIA container toolkit, and --gpus all in docker run):
docker build -t mood-{name} -f Dockerfile.cuda - < {archive}"""
ABSTRACT = """# {name}: abstract for MOOD

**Authors**: ...

**Method.** {methods}

**Data.** {data} No other data and no pretrained weights were used. Prediction is fully automatic.

**Output.** A map of scores in [0, 1] on the scan's own grid and one calibrated score a scan, from the same map. Scores
are rounded to float16, as the scorer does.

**Own evaluation.** {measured} Anomalies of the proxy split were made, by kinds that training did not see; the figures
say how models compare and nothing about the hidden test set.
"""
CHECKLIST = """# Rules, and where this package stands

- [x] Four scripts, `run_{{sample,pixel}}_{{brain,abdom}}.sh IN OUT`: POSIX, executable, and run on test cases when this
  was packaged
- [x] Every readable case answered: finite scores in [0, 1], maps of the scan's shape and affine; an unreadable one does
  not stop the rest
- [x] The archive alone answers byte for byte as the workflow did
- [{official}] Trained on the challenge's data alone: {sources}
- [ ] `check-package` on your machine: "nothing is wrong", and the projected seconds below 600 a case on 512^3
- [ ] Image built, pushed, shared with the organisers, and tried in the toy queue
- [ ] Submitted for both tasks; at most three times, the last one counts
- [ ] Abstract sent; code open if it is to win
"""


def write(job: PackageJob, context: Path, archive: Path) -> None:
    """Write README.md, abstract.md, checklist.md and the bill of materials beside the `archive` made of `context`."""
    with open(archive, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_bill(archive, archive.stem, "1", libraries_named(context / "requirements.txt"))
    names = {"name": job.name, "archive": archive.name}
    cuda = CUDA.format(**names) if (context / "Dockerfile.cuda").exists() else ""
    files = sum(path.is_file() for path in context.rglob("*"))
    (job.output / "README.md").write_text(README.format(**names, digest=digest, files=files, cuda=cuda))
    (job.output / "abstract.md").write_text(_abstract(job))
    sources = {dataset: answers.source for dataset, answers in sorted(job.answers.items())}
    made = [dataset for dataset, source in sources.items() if source == "demo"]
    said = f"no, {' and '.join(made)} is the demo's" if made else "the sources were " + ", ".join(sources.values())
    (job.output / "checklist.md").write_text(CHECKLIST.format(official=" " if made else "x", sources=said))


def _abstract(job: PackageJob) -> str:
    methods, measured = [], []
    for dataset, answers in sorted(job.answers.items()):
        methods.append(f"For {dataset}: {'; '.join(_method(member) for member in answers.members)}.")
        measured += _measured(dataset, answers)
    demo = any(answers.source == "demo" for answers in job.answers.values())
    data = "Generated phantoms, a demo." if demo else "The training scans of MOOD."
    return ABSTRACT.format(
        name=job.name, methods=" ".join(methods), data=data, measured=" ".join(measured) or "None: no scored split."
    )


def _method(member: Member) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in sorted(member.parameters.items()))
    folds = f"mean of {len(member.models)} fold models" if len(member.models) > 1 else "one model"
    weight = f", weight {member.weight:g}" if member.weight != 1 else ""
    return f"{member.model} ({member.summary}; {folds}{weight}; {settings})"


def _measured(dataset: str, answers: Answers) -> list[str]:
    """A sentence for each scored split: the decision keeps what was measured."""
    decision = json.loads(answers.decision.read_text())
    return [
        f"{dataset}, {split} ({own['cases']} cases): average precision {own['pixel_ap']:.3f} over voxels, "
        f"{own['sample_ap']:.3f} over cases."
        for split, own in sorted(decision["measured"].items())
    ]
