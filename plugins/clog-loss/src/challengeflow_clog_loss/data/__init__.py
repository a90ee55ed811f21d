"""Where videos and labels come from: the CSV files, the bucket or a folder, the sample table, the raw files and prepared arrays."""
