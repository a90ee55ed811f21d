"""One job of the list: what it reads, makes, may see of gold, depends on and needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from challengeflow.contract.declare import Resources, Schema
from challengeflow.planning.layout import Layout
from challengeflow.planning.settings import ChallengeSettings

JOB_STAGES = ("archive", "index", "download", "preprocess", "train", "predict", "control", "score", "draw", "package")
"""In the order of the workflow. Three kinds of jobs are parts of the hook `download`; `control` is the core's own."""

HOOK_OF = {"archive": "download", "index": "download", "control": "predict"}
BUILT_IN = Resources(mem_mb=1500, runtime=60)
"""What an ensemble and a control need, which hold one sample at a time, and what takes models out of a package."""


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """A job of a challenge. `stage` and `parts` (dataset, shard, ...) are its key in `Jobs`.

    inputs: every file and folder it reads, gold included; gold: those of them that hold gold; files: what its
    parameters name (pretrained weights, say); after: what must be done before, though it is not read; outputs: what it
    makes.
    own: the datasets behind it that are the user's own files, which may change.
    package: the model package that it takes that from, in the place of training and of scoring.
    part: the settings it depends on. variant, model: of what is trained, predicted, scored or drawn; model is the
    declared name, None of ensembles and controls. parameters: those that its hook gets.
    """

    challenge: str
    stage: str
    parts: tuple[str, ...]
    dataset: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    gold: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    part: ChallengeSettings
    parameters: Mapping[str, Any]
    resources: Resources
    variant: str | None = None
    kind: str | None = None
    model: str | None = None
    package: str | None = None
    own: tuple[str, ...] = ()

    @property
    def hook(self) -> str:
        """The stage of the contract that it is a job of."""
        return HOOK_OF.get(self.stage, self.stage)

    def __hash__(self) -> int:
        return hash((self.challenge, self.stage, self.parts))

    def __str__(self) -> str:
        return " ".join((self.stage, *self.parts))

    @property
    def name(self) -> str:
        """Challenge and places, to be read."""
        return "/".join((self.challenge, *self._places))

    @property
    def _places(self) -> tuple[str, ...]:
        """The parts as log files and people have them."""
        if self.stage == "train":
            return (self.dataset, self.variant or "", f"fold-{self.parts[-1]}")
        return self.parts

    @property
    def doing(self) -> str:
        """The stage, to be read: what comes out of a package is not trained, nor scored."""
        return "unpack" if self.package else self.stage

    @property
    def targets(self) -> tuple[str, ...]:
        """What the workflow must have made before: its inputs and the files.

        An index is one file, its sample table. Of own data it is the stamp of the job's shard; what comes after
        preprocess waits for what was prepared.
        """
        stamps = [path for path in self.inputs if self.layout.is_stamp(path)]
        known = self.inputs
        if self.stage not in ("archive", "index"):
            known = tuple(path for path in self.inputs if self.layout.index_of(path) not in self.own)
        return tuple(dict.fromkeys([*map(self.layout.target, known), *stamps, *self.files]))

    @property
    def built_in(self) -> bool:
        """Whether the core does it, and no plugin."""
        return self.package is not None or (self.hook == "predict" and self.model is None)

    @property
    def layout(self) -> Layout:
        return Layout(self.part.results, self.challenge)

    @property
    def log(self) -> str:
        return self.layout.log(self.stage, *self._places)

    @property
    def benchmark(self) -> str:
        return self.layout.benchmark(self.stage, *self._places)

    @property
    def signs(self) -> tuple[str, ...]:
        """Each of these paths shows that the job was done: raw shards are removed when they have been prepared."""
        if self.stage == "download":
            return (self.outputs[0], self.layout.prepared(*self.parts))
        if self.stage == "control":
            return (self.outputs[-1],)  # of many, the one that is there last
        return (self.layout.target(self.outputs[0]),)  # Snakemake makes the folder of an index before its job runs


def named_files(schema: Schema, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The files and folders that parameters name: those whose schema has the format `path`."""
    return tuple(
        str(parameters[name])
        for name, property in schema.items()
        if property.get("format") == "path" and parameters.get(name)
    )
