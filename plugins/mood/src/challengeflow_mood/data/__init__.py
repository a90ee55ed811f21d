"""Where scans come from: the organisers' archives or a folder, the sample table, reading a scan, the prepared grid."""
