"""The folder of messages of the embedded default, in which no worker ever reads half a message.

The transport that comes with kombu gives a message its name before its content: a worker that looks in between reads
nothing, loses the message and ends. Here a file is written aside and has its name when it is whole.
"""

import contextlib
import os
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps


def _write(path: Path, text: str) -> Path:
    """Write a file that is not looked for yet; none is left when it could not be written."""
    aside = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        aside.write_text(text)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return aside


class Channel(filesystem.Channel):
    """A channel whose messages and lists of queues come into their folders whole."""

    def _put(self, queue: Any, payload: Any, **_: Any) -> None:  # type: ignore[override]
        named = Path(self.data_folder_out, f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg")
        _write(named, dumps(payload)).rename(named)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        listed = self._exchange_file(exchange)  # type: ignore[no-untyped-call]
        if not listed.exists():
            self.control_folder.mkdir(exist_ok=True)
            aside = _write(listed, dumps([]))
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(aside, listed)
            aside.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)  # type: ignore[no-untyped-call]


class Transport(filesystem.Transport):
    """kombu's folder transport with that channel."""

    Channel = Channel
