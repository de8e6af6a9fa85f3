"""The demonstration portal: made-up people and projects, walked through the real services at simulated times."""
