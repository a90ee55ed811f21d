"""The submission and the tables and sheets that people read."""
