"""What the workflow and its plugins agree on: declarations, hooks, jobs, samples, errors, progress, and the names all
of them use."""
