# Pictures of everything that is scored (`snakemake mabe-task1_pictures`: they show gold, so no package has them), and what
# body parts are worth to a model (`snakemake mabe-task1_importance`).

import json

from challengeflow_mabe_task1.scored_shards import scored_shards

SCORED = [
    (dataset, model)
    for dataset, entry in config["datasets"].items()
    if entry["gold"] and "train" in entry["splits"]
    for model, declared in config["models"].items()
    if declared["kind"] != "control"
]


def scored_files(wildcards):
    entry = config["datasets"][wildcards.dataset]
    shards = scored_shards(config["results"], wildcards.dataset, wildcards.model, entry)
    return [
        str(path)
        for shard in shards
        for path in (shard.prepared, shard.gold, shard.predictions)
    ]


rule pictures:
    input:
        [
            f"{config['results']}/mabe-task1/{dataset}/{model}/pictures"
            for dataset, model in SCORED
        ],
    localrule: True


rule draw_scored:
    input:
        scored_files,
        decision=config["results"] + "/mabe-task1/{dataset}/{model}/decision.json",
    output:
        directory(config["results"] + "/mabe-task1/{dataset}/{model}/pictures"),
    log:
        config["results"] + "/logs/mabe-task1/{dataset}/{model}/pictures.log",
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        results=config["results"],
        config=lambda wildcards: json.dumps(
            config["datasets"][wildcards.dataset], sort_keys=True
        ),
    shell:
        "python -m challengeflow_mabe_task1.pictures.of_scores {params.results:q} {wildcards.dataset} {wildcards.model}"
        " {params.config:q} {output:q} > {log} 2>&1"


TRAINED = [pair for pair in SCORED if config["models"][pair[1]]["kind"] == "trained"]


def fold_models(wildcards):
    home = f"{config['results']}/mabe-task1/{wildcards.dataset}/{wildcards.model}"
    return [
        f"{home}/fold-{fold}"
        for fold in range(config["datasets"][wildcards.dataset]["folds"])
    ]


rule importance:
    input:
        [
            f"{config['results']}/mabe-task1/{dataset}/{model}/importance"
            for dataset, model in TRAINED
        ],
    localrule: True


rule measure_importance:
    input:
        scored_files,
        fold_models,
    output:
        directory(config["results"] + "/mabe-task1/{dataset}/{model}/importance"),
    log:
        config["results"] + "/logs/mabe-task1/{dataset}/{model}/importance.log",
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        results=config["results"],
        config=lambda wildcards: json.dumps(
            config["datasets"][wildcards.dataset], sort_keys=True
        ),
        model=lambda wildcards: json.dumps(
            config["models"][wildcards.model], sort_keys=True
        ),
    shell:
        "python -m challengeflow_mabe_task1.pictures.importance {params.results:q} {wildcards.dataset} {wildcards.model}"
        " {params.config:q} {params.model:q} {output:q} > {log} 2>&1"
