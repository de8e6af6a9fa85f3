"""Commands of the agency."""
