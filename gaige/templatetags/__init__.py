"""Template tags of the portal: components and charts."""
