# Raw files to prepared arrays, and their gold, apart.


rule preprocess:
    input:
        RUN.inputs("preprocess", checkpoints),
    output:
        prepared=directory(PATHS.prepared("{dataset}", "{shard}")),
        gold=directory(PATHS.gold("{dataset}", "{shard}")),
    log:
        PATHS.log("preprocess", "{dataset}", "{shard}"),
    benchmark:
        PATHS.benchmark("preprocess", "{dataset}", "{shard}")
    # Before further downloads, so that few raw shards are on disk at once.
    priority: 10
    conda:
        RUN.env("preprocess")
    threads: RUN.threads("preprocess")
    resources:
        mem_mb=RUN.need("preprocess", "mem_mb"),
        runtime=RUN.need("preprocess", "runtime"),
    params:
        config=RUN.part("preprocess"),
        code=RUN.code("preprocess"),
    shell:
        "challengeflow preprocess {wildcards.challenge}/{wildcards.dataset} {wildcards.shard}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
