"""The only places of the archive that write."""
