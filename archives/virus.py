"""The virus scanner of the place (ClamAV protocol, INSTREAM): asked before anything is filed, once it is switched on.

`VIRUS_SCANNER` is `tcp://host:port` or `unix:/path`; empty: no scanner. Switched on it fails closed: no answer, nothing
is filed.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

from projects.errors import DomainError
from projects.quoting import quoted

logger = logging.getLogger(__name__)
TIMEOUT = 30.0
ANSWER_MOST = 4096
CHUNK = 64 * 1024


def is_on() -> bool:
    """Return whether a scanner is set."""
    return bool(settings.VIRUS_SCANNER)


def scan(chunks: Iterable[bytes], *, name: str) -> None:
    """Ask the scanner about a file; returns quietly when it is clean or no scanner is set.

    Raises `DomainError`: `upload_virus` with what was found, `upload_unscanned` when the scanner does not answer.
    """
    if not is_on():
        return
    try:
        answer = _ask(chunks)
    except OSError as error:
        logger.error("the virus scanner does not answer: %s", error)  # noqa: TRY400 - the line says all
        answer = ""
    if answer.endswith(": OK"):
        return
    if answer.endswith(" FOUND"):
        found = answer.partition(": ")[2].removesuffix(" FOUND")
        raise DomainError(
            "upload_virus", f"{quoted(name)}查出病毒（{found}），没有保存。请在本机杀毒后重新导出再传。"
        )
    logger.error("the virus scanner answered %r", answer)
    raise DomainError(
        "upload_unscanned", f"病毒扫描暂时没有应答，{quoted(name)}没有保存。请过几分钟再传；一直不行请告知系统管理员。"
    )


def _ask(chunks: Iterable[bytes]) -> str:
    """Send the bytes as INSTREAM wants them and return the answer."""
    with _connect() as connection:
        connection.sendall(b"zINSTREAM\0")
        for chunk in chunks:
            for start in range(0, len(chunk), CHUNK):
                piece = chunk[start : start + CHUNK]
                connection.sendall(struct.pack("!I", len(piece)) + piece)
        connection.sendall(struct.pack("!I", 0))
        answer = b""
        while len(answer) < ANSWER_MOST and (more := connection.recv(ANSWER_MOST)):
            answer += more
            if b"\0" in more:
                break
    return answer.split(b"\0")[0].decode("utf-8", "replace").strip()


def _connect() -> socket.socket:
    address = urlsplit(settings.VIRUS_SCANNER)
    if address.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(address.path)
        except OSError:
            connection.close()
            raise
        return connection
    return socket.create_connection((address.hostname or "", address.port or 3310), timeout=TIMEOUT)
