"""The only places of ``packages`` that write: one module per noun, one function per step."""
