"""Where videos and labels come from: CSV files, bucket or folder, sample table, raw files, prepared arrays."""
