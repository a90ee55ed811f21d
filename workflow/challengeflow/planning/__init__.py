"""From a config and the installed plugins to the list of jobs: what each reads, makes and depends on.

Nothing here opens data.
"""
