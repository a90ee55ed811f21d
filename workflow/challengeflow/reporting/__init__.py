"""What a person asks of a run: how far it is, what came out, how two compare, what to cite, how to archive it."""
