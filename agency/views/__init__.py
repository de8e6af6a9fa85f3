"""Pages of the agency, one file per noun."""
