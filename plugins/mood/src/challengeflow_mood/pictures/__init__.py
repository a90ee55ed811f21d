"""Pictures of scored scans, for the report."""
