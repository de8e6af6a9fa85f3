"""The parts of `dev.py`; the standard library is enough for them."""
