"""Running one job: what a stage is given, what is checked of what it made, how it gets its name and its note."""
