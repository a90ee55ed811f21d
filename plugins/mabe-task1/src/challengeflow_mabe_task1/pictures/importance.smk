# What body parts are worth to a model: `snakemake mabe-task1_importance`. It runs where the workflow does, or in its
# image.

from challengeflow.results import Results

RESULTS = Results.of(config)


rule importance:
    input:
        [RESULTS.own(dataset, model, "importance") for dataset, model in RESULTS.scored()],
    localrule: True


rule measure_importance:
    input:
        lambda wildcards: [
            path
            for shard in RESULTS.shards(wildcards.dataset, wildcards.model)
            for path in (shard.prepared, shard.gold, shard.predictions)
        ],
        lambda wildcards: RESULTS.models(wildcards.dataset, wildcards.model),
    output:
        directory(RESULTS.own("{dataset}", "{model}", "importance")),
    log:
        RESULTS.log("{dataset}", "{model}", "importance"),
    container:
        "challengeflow.sif"
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        results=lambda wildcards: RESULTS.as_argument(wildcards.dataset, wildcards.model),
    shell:
        "python -m challengeflow_mabe_task1.pictures.importance {wildcards.dataset} {wildcards.model}"
        " {params.results:q} {output:q} > {log} 2>&1"
