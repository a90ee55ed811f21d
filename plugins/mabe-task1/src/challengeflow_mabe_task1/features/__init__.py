"""From tracked points to what models learn from."""
