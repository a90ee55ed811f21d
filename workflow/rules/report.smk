# All scores of the run in one table, with links to the submissions.


rule leaderboard:
    input:
        scores=RUN.targets_named("scores"),
        submissions=RUN.targets_named("submissions"),
    output:
        csv=dag.layout.leaderboard(RUN.config["results"], "csv"),
        html=dag.layout.leaderboard(RUN.config["results"], "html"),
    log:
        f"{RUN.config['results']}/logs/leaderboard.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        results=lambda wildcards, output: os.path.dirname(output.csv),
    shell:
        "challengeflow leaderboard {params.results} {input.scores} {input.submissions} > {log} 2>&1"
