# One model a fold, which never sees that fold; fold "all" is the refit.


rule train:
    input:
        RUN.inputs("train"),
    output:
        directory(PATHS.model("{dataset}", "{model}", "{fold}")),
    log:
        PATHS.log("train", "{dataset}", "{model}", "fold-{fold}"),
    benchmark:
        PATHS.benchmark("train", "{dataset}", "{model}", "fold-{fold}")
    wildcard_constraints:
        model=RUN.names("trained"),
    conda:
        RUN.env("train")
    threads: RUN.threads("train")
    resources:
        mem_mb=RUN.need("train", "mem_mb"),
        runtime=RUN.need("train", "runtime"),
        gpu=RUN.need("train", "gpu"),
    params:
        config=RUN.part("train"),
        code=RUN.code("train"),
    shell:
        "challengeflow train {wildcards.challenge}/{wildcards.dataset} {wildcards.model} {wildcards.fold}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
