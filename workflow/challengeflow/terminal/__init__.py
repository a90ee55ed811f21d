"""What a person sees while a run is on: one line a stage in a terminal, short lines elsewhere, failures in full."""
