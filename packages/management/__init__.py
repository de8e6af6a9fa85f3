"""Commands of the catalogue and the plan."""
