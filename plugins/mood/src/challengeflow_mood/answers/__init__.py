"""Maps, findings and tables, checked as the organisers' system would."""
