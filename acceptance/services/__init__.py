"""The only places of the joint acceptance that write."""
