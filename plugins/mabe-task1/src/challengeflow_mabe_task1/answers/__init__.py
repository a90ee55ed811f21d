"""The submission and the tables and files that people read."""
