"""Services of the kernel: the only places that write."""
