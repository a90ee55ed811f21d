# A target for each challenge (`snakemake mood`), and the extra rules of plugins that bring some.

for challenge in RUN.plans:

    rule:
        name:
            challenge
        input:
            RUN.targets(challenge),
        localrule: True


for challenge, snakefile in RUN.snakefiles().items():
    prefix = f"{challenge}_"

    module:
        name: challenge
        snakefile:
            snakefile
        config:
            RUN.config_of(challenge)

    use rule * from challenge as prefix*
