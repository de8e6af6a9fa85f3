"""Webhook: the messages to a body's people as signed JSON to its own system, each once by its key.

The address is looked up once, checked, and that very address is called: a name cannot point to the inside between the
look and the call. Only addresses of the open net and those of the setting `WEBHOOK_INNER_NETWORKS` are called, and no
redirect is followed. The receiver proves the sender by `X-Gaige-Signature`: `v1=` and the HMAC-SHA256 of
`<X-Gaige-Timestamp>.<body>` with the shared secret, and drops a key (`X-Gaige-Id`) that it has already.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from agency.channels import WEBHOOK, Channel, NotNow, RefusedError
from projects import timing

if TYPE_CHECKING:
    from agency.models import Dispatch
    from agency.wording import Words
    from projects.models import User

PORTS = {"http": 80, "https": 443}
#: Answers that ask for patience though they begin with 4.
PATIENCE = frozenset({408, 425, 429})
#: Addresses that carry one of IPv4 in their last 32 bits: what is carried is judged.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Addresses that a gateway translates or tunnels to where nobody can see: compatible, SIIT, local NAT64, Teredo, 6to4,
#: site.
TRANSLATED = tuple(
    ipaddress.ip_network(one)
    for one in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
LAST_32 = 0xFFFF_FFFF
BAD_ADDRESS = "地址不在允许的范围内"


class Webhook(Channel):
    """Signed POST of JSON."""

    code, label = WEBHOOK, "系统对接"
    is_quiet = False
    is_repeatable = True

    def address(self, user: User) -> str:  # noqa: ARG002 - it belongs to a body
        """Return nothing: the addresses stand at the bodies, not at their people."""
        return ""

    def compose(self, words: Words) -> str:
        """Return the JSON of the message."""
        return json.dumps(words.as_data(), ensure_ascii=False)

    def send(self, dispatch: Dispatch, handing: Callable[[], None]) -> str:
        """Call the address of the body."""
        hook = dispatch.webhook
        if hook is None or not hook.is_active:
            raise RefusedError("对接地址已停用")
        parts = check_url(hook.url)
        body = dispatch.text.encode()
        stamp = str(int(timing.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": "gaige-webhook/1",
            "X-Gaige-Id": dispatch.key, "X-Gaige-Timestamp": stamp,
            "X-Gaige-Signature": signature(hook.secret, stamp, body),
        }
        return _post(parts, body, headers, handing)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return what stands in `X-Gaige-Signature`."""
    return "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check_url(url: str) -> SplitResult:
    """Return the parts of an address that may be written into the register. Raises `RefusedError`.

    http(s) with a host, no name and password in it. Where it leads is looked at again before each call.
    """
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or 0 < parts.port < 65536  # noqa: PLR2004 - ports
    except ValueError as error:
        raise RefusedError("地址写法不对") from error
    if parts.scheme not in PORTS or not parts.hostname or not port_is_fine:
        raise RefusedError("地址要以 https:// 或 http:// 开头")
    if parts.username or parts.password:
        raise RefusedError("地址里不能写用户名和密码")
    return parts


def look_up(url: str) -> SplitResult:
    """Return the parts of an address of which all that its name leads to may be called now.

    Raises `RefusedError`, and `NotNow` for a name that nobody knows.
    """
    parts = check_url(url)
    _resolve(parts.hostname or "", parts.port or PORTS[parts.scheme])
    return parts


def is_reachable(address: str) -> bool:
    """Whether an IP address may be called: of the open net, or of the networks that the installation names."""
    found = _carried(ipaddress.ip_address(address))
    if any(found in network for network in settings.WEBHOOK_INNER_NETWORKS):
        return True
    return found.is_global and not found.is_multicast and not any(found in network for network in TRANSLATED)


def _carried(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that is written as one of IPv6 (mapped, NAT64), else the address itself."""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return ipaddress.IPv4Address(int(found) & LAST_32) if found in NAT64 else found


def _resolve(host: str, port: int) -> str:
    """Return an address of a host; all that its name leads to must be allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotNow(f"找不到 {host}", is_down=True) from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not all(is_reachable(address) for address in addresses):
        raise RefusedError(f"{host} {BAD_ADDRESS}")
    return addresses[0]


def _post(parts: SplitResult, body: bytes, headers: dict[str, str], handing: Callable[[], None]) -> str:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    address = _resolve(host, port)
    connection = http.client.HTTPConnection(host, port, timeout=settings.WEBHOOK_SECONDS)
    try:
        connection.sock = _socket(parts.scheme, host, address, port)
    except (OSError, ssl.SSLError) as error:
        raise NotNow(f"连不上对方系统：{error}", is_down=True) from error
    watch = threading.Timer(settings.WEBHOOK_SECONDS, _hang_up, [connection.sock])
    try:
        handing()
        watch.start()
        path = iri_to_uri((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()  # its status is the answer, what follows is not read
    except (OSError, http.client.HTTPException) as error:
        raise NotNow(f"对方系统没有答复：{str(error) or type(error).__name__}", is_down=True) from error
    finally:
        watch.cancel()
        connection.close()
    return _judge(answer.status, answer.getheader("Location", ""))


def _hang_up(open_one: socket.socket) -> None:
    """End a talk that has had its time, however slowly the other side goes on."""
    try:
        open_one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def _socket(scheme: str, host: str, address: str, port: int) -> socket.socket:
    plain = socket.create_connection((address, port), timeout=settings.WEBHOOK_SECONDS)
    if scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def _judge(status: int, location: str) -> str:
    if 200 <= status < 300:  # noqa: PLR2004 - yes
        return str(status)
    if 300 <= status < 400:  # noqa: PLR2004 - elsewhere
        raise RefusedError(f"{status} 对方要求转到 {location[:80]}，不跟随")
    if status >= 500 or status in PATIENCE:  # noqa: PLR2004 - their fault
        raise NotNow(str(status))
    raise RefusedError(str(status))
