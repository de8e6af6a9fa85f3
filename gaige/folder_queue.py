"""The folder of messages of the embedded default, in which no worker ever reads half a message.

The transport that comes with kombu gives a message its name before its content: a worker that looks in between reads
nothing, loses the message and ends. Here a file is written aside and has its name when it is whole. What lies in the
folder under the name of a message and is none (a folder, a link, a pipe, other text) is set aside with a warning.
So is a message that the worker refuses (`gaige/task_consumer.py`): a worker that ended on it would take the portal
with it.
"""

import contextlib
import logging
import os
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)


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

    def _get(self, queue: str) -> Any:  # type: ignore[override]
        for name in sorted(path.name for path in Path(self.data_folder_in).iterdir()):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.data_folder_in, f"{name}.taken")
            with contextlib.suppress(OSError):  # another worker was first
                Path(self.data_folder_in, name).rename(taken)
                if (payload := self._read(taken)) is not None:
                    return payload
                taken.rename(taken.with_suffix(".refused"))
                log.warning("what lay in the folder of messages as %s is no message, and was set aside", name)
        raise Empty

    def _read(self, path: Path) -> Any:
        """Return the message in a file, and take the file away; None when it holds none."""
        if path.is_symlink() or not path.is_file():
            return None
        try:
            payload = loads(path.read_text())
            self.Message(payload, channel=self)  # type: ignore[no-untyped-call]
        except (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError):
            return None
        path.unlink()
        return payload

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - as in kombu
        """Give a message back, or set aside one that the worker cannot take."""
        if not requeue:
            refused = Path(self.data_folder_in, f"{uuid4()}.msg.refused")
            _write(refused, dumps(self.qos.get(delivery_tag).serializable())).rename(refused)
            log.warning("a message was refused, and set aside as %s", refused.name)
        super().basic_reject(delivery_tag, requeue)  # type: ignore[no-untyped-call]

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
