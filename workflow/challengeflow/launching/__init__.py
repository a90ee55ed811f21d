"""Starting a run anywhere: the workflow that came with the package, a project to run it in, one run at a time, what
fits."""
