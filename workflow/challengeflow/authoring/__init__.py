"""Starting a plugin of one's own: `challengeflow new`, and the templates it writes."""
