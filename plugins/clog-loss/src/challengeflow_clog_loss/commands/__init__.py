"""`challengeflow clog-loss-...`: one module for each command."""
