# Predictions of one shard by a trained model, an ensemble, or a control. None but control-perfect sees its gold.


rule predict:
    input:
        RUN.inputs("predict", checkpoints),
    output:
        directory(PATHS.predictions("{dataset}", "{model}", "{on}", "{shard}")),
    log:
        PATHS.log("predict", "{dataset}", "{model}", "{on}", "{shard}"),
    benchmark:
        PATHS.benchmark("predict", "{dataset}", "{model}", "{on}", "{shard}")
    wildcard_constraints:
        model=RUN.names("trained"),
    conda:
        RUN.env("predict")
    threads: RUN.threads("predict")
    resources:
        mem_mb=RUN.need("predict", "mem_mb"),
        runtime=RUN.need("predict", "runtime"),
        gpu=RUN.need("predict", "gpu"),
    params:
        config=RUN.part("predict"),
        code=RUN.code("predict"),
    shell:
        "challengeflow predict {wildcards.challenge}/{wildcards.dataset} {wildcards.model} {wildcards.shard}"
        " --on {wildcards.on} --config {params.config:q} --threads {threads} > {log:q} 2>&1"


use rule predict as ensemble with:
    wildcard_constraints:
        model=RUN.names("ensemble"),


use rule predict as control with:
    wildcard_constraints:
        model=RUN.names("control"),


# The constant answer of control-prior, once a fold: its predictions would else read all gold each.
rule prior:
    input:
        RUN.inputs("prior", checkpoints),
    output:
        directory(PATHS.model("{dataset}", "control-prior", "{fold}")),
    log:
        PATHS.log("prior", "{dataset}", "control-prior", "fold-{fold}"),
    benchmark:
        PATHS.benchmark("prior", "{dataset}", "control-prior", "fold-{fold}")
    conda:
        RUN.env("prior")
    threads: RUN.threads("prior")
    resources:
        mem_mb=RUN.need("prior", "mem_mb"),
        runtime=RUN.need("prior", "runtime"),
    params:
        config=RUN.part("prior"),
        code=RUN.code("prior"),
    shell:
        "challengeflow prior {wildcards.challenge}/{wildcards.dataset} {wildcards.fold}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
