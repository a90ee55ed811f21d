"""Generated heads and abdomens in the organisers' exact layout."""
