"""How many public pages a second the server gives, beside the bare page: several visitors at once, turn by turn.

The real page passes its gate, is counted against the limit of its address and writes its scans; the bare one does not.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from gaige.scale.visitor import Visitor

VISITORS, TURNS, SECONDS = 4, 3, 2.0
LEAST_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second of the public page and of a bare page of the same bytes; the visitors share the machine."""

    real: float
    bare: float

    @property
    def share(self) -> float:
        """Which part of the bare rate the real page reaches."""
        return self.real / self.bare

    @property
    def words(self) -> str:
        """The figures as a sentence."""
        return (
            f"Public page behind the code, {VISITORS} visitors at once on the machine of the server: {self.real:.0f} "
            f"requests a second, the bare page {self.bare:.0f} ({self.share:.0%})."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        return [(f"public page at {self.share:.0%} of the bare rate, promised {LEAST_SHARE:.0%}",
                 self.share >= LEAST_SHARE)]


def measure_rates(port: int, path: str) -> Rates:
    """Ask for a public page and for a bare one of as many bytes, in turns, and count the answers."""
    visitors = [Visitor(port) for _ in range(VISITORS)]
    first = visitors[0].get(path)
    rows, size = max(1, first.body.count(b"<tr")), len(first.body)
    written = len(visitors[0].get(f"/bare/public/?rows={rows}&bytes={size}").body)
    bare = f"/bare/public/?rows={rows}&bytes={size + size - written}"
    taken = {path: 0.0, bare: 0.0}
    for _ in range(TURNS):
        for address in taken:
            taken[address] += _answers(visitors, address) / SECONDS / TURNS
    return Rates(taken[path], taken[bare])


def _answers(visitors: list[Visitor], address: str) -> int:
    """How many answers all visitors got together in the time of one turn."""
    counts = [0] * len(visitors)
    until = time.monotonic() + SECONDS

    def ask(place: int) -> None:
        while time.monotonic() < until:
            visitors[place].get(address)
            counts[place] += 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(visitors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
