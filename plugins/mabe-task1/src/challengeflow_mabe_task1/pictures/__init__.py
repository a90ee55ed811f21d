"""Pictures of answers and of scores, as PNG; the same content gives the same bytes on one version of matplotlib."""
