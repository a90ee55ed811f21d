# What body parts are worth to a model: `snakemake mabe-task1_importance`. It runs where the workflow runs, or in its image.

from challengeflow_mabe_task1.pictures.rule_files import RuleFiles

FILES = RuleFiles(config)


rule importance:
    input:
        FILES.targets(),
    localrule: True


rule measure_importance:
    input:
        FILES.scored,
        FILES.fold_models,
    output:
        directory(f"{FILES.results}/mabe-task1/{{dataset}}/{{model}}/importance"),
    log:
        f"{FILES.results}/logs/mabe-task1/{{dataset}}/{{model}}/importance.log",
    container:
        "challengeflow.sif"
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        results=lambda wildcards: FILES.results,
        config=FILES.dataset,
        model=FILES.model,
    shell:
        "python -m challengeflow_mabe_task1.pictures.importance {params.results:q} {wildcards.dataset} {wildcards.model}"
        " {params.config:q} {params.model:q} {output:q} > {log} 2>&1"
