"""The read-only JSON interface for other systems: what it gives is declared once, and described from that (OpenAPI)."""
