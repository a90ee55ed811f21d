"""Pictures of scored videos, made by the hook `draw` for the report."""
