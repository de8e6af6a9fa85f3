"""Joint supervision and joint acceptance."""
