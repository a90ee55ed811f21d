# Pictures of everything that is scored (`snakemake mabe-task1_pictures`: they show gold, so no package has them), and what
# body parts are worth to a model (`snakemake mabe-task1_importance`). They run where the workflow runs, or in its image.

from challengeflow_mabe_task1.pictures.rule_files import RuleFiles

FILES = RuleFiles(config)


rule pictures:
    input:
        FILES.targets("pictures", "trained", "ensemble"),
    localrule: True


rule draw_scored:
    input:
        FILES.scored,
        decision=f"{FILES.results}/mabe-task1/{{dataset}}/{{model}}/decision.json",
    output:
        directory(f"{FILES.results}/mabe-task1/{{dataset}}/{{model}}/pictures"),
    log:
        f"{FILES.results}/logs/mabe-task1/{{dataset}}/{{model}}/pictures.log",
    container:
        "challengeflow.sif"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        results=lambda wildcards: FILES.results,
        config=FILES.dataset,
    shell:
        "python -m challengeflow_mabe_task1.pictures.of_scores {params.results:q} {wildcards.dataset} {wildcards.model}"
        " {params.config:q} {output:q} > {log} 2>&1"


rule importance:
    input:
        FILES.targets("importance", "trained"),
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
