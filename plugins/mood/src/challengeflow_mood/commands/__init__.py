"""`challengeflow ...`: one module for each command."""
