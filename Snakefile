"""From raw data to an accepted submission: one DAG for all challenges and models of config.yaml.

snakemake                           everything the config names, and the leaderboard
snakemake clog-loss                 one challenge
snakemake results/.../scores.json   one file
"""

import os
import sys

from challengeflow import dag
from challengeflow.contract.errors import InputError

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")


# A config of one's own stands alone: nothing of the shipped demo is mixed into it.
if not workflow.config_settings.configfiles:

    configfile: "config.yaml"


try:
    RUN = dag.load(config, workflow.basedir)
except InputError as error:
    raise WorkflowError(str(error)) from None
PATHS = RUN.paths

shell.prefix(dag.PRELUDE)


# For profiles/apptainer alone: one image of everything, built from the Containerfile.
container: "challengeflow.sif"


wildcard_constraints:
    challenge=RUN.names("challenge"),
    dataset=RUN.names("dataset"),
    on=RUN.names("dataset"),
    archive=RUN.names("archive"),
    submission=RUN.names("submission"),
    model="|".join(RUN.names(kind) for kind in ("trained", "ensemble", "control")),
    shard=dag.names.SHARD,
    fold=dag.names.FOLD,
    name=dag.names.NAME,


rule all:
    input:
        RUN.targets(),


include: "workflow/rules/download.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/package.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/challenges.smk"


onsuccess:
    print(RUN.ended(), file=sys.stderr)


onerror:
    print(RUN.ended(), file=sys.stderr)
