"""Where tracks and labels come from: the organisers' files or a lab's folder; sample table, raw files, arrays."""
