"""From raw data to an accepted submission: the DAG is workflow/Snakefile; this is the door to it, from any folder.

snakemake                           everything the config names, and the leaderboard
snakemake clog-loss                 one challenge
snakemake results/.../scores.json   one file
"""


include: "workflow/Snakefile"


# Snakemake forgets the default target of a file that it includes; where this is a module, its user may have one.
workflow.default_target = workflow.default_target or workflow.modifier.modify_rulename("all")
