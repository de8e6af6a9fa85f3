"""The plan of a project: which matters apply, when each starts and ends, and what the forecast stands on."""
