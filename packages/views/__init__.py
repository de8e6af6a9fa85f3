"""Pages of ``packages``, one module for each place of work."""
