"""Wakes the workers from a thread of its own, so that nobody waits for the broker.

The rows of the outbox stand before anybody is woken; a wake-up that is lost with its process is made good by the sweep.
Names of queues that come while the broker is spoken to are woken once.
"""

from __future__ import annotations

import os
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_lock = threading.Lock()
_asked: SimpleQueue[str] = SimpleQueue()
_owner = 0


def later(queue: str, wake: Callable[[str], object]) -> None:
    """Have `wake(queue)` called soon by the thread of this process."""
    global _asked, _owner
    if _owner != os.getpid():
        with _lock:
            if _owner != os.getpid():
                _asked, _owner = SimpleQueue(), os.getpid()
                threading.Thread(target=_work, args=(_asked, wake), name="gaige-waking", daemon=True).start()
    _asked.put(queue)


def _work(asked: SimpleQueue[str], wake: Callable[[str], object]) -> None:
    while True:
        names = {asked.get(): None}
        while True:
            try:
                names[asked.get_nowait()] = None
            except Empty:
                break
        for name in names:
            wake(name)
