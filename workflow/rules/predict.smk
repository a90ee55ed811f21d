# Predictions of one shard by a trained model or an ensemble, and of all shards by a control.


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


# A control's answers to all that is scored, at once: a process a shard would take longer to start than to work.
rule control:
    input:
        RUN.inputs("control", checkpoints),
    output:
        directory(PATHS.answers("{dataset}", "{model}")),
    log:
        PATHS.log("control", "{dataset}", "{model}"),
    benchmark:
        PATHS.benchmark("control", "{dataset}", "{model}")
    wildcard_constraints:
        model=RUN.names("control"),
    conda:
        RUN.env("control")
    threads: RUN.threads("control")
    resources:
        mem_mb=RUN.need("control", "mem_mb"),
        runtime=RUN.need("control", "runtime"),
    params:
        config=RUN.part("control"),
        code=RUN.code("control"),
    shell:
        "challengeflow control {wildcards.challenge}/{wildcards.dataset} {wildcards.model}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
