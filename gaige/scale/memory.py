"""The most memory that this process has held since it began: what its parent held before is not counted."""

from __future__ import annotations

from pathlib import Path


def peak_megabytes() -> float:
    """Return the peak of the resident memory of this process, in megabytes.

    From `/proc`, since `ru_maxrss` of a process begins with what its parent held when it was started.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
