"""What the pages of ``packages`` show, as plain data put together from models and plans. Pure reads, no forms."""
