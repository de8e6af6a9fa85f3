"""Documents, official papers, QR card, archive."""
