"""Where tracks and labels come from: the organisers' files or a lab's folder, the sample table, the raw files and prepared arrays."""
