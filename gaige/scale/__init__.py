"""Scale: a portal of the size of a city, made in bulk, and the benchmark that measures pages on it."""
