"""E-mail by SMTP: one connection per letter, and a mark right before the words leave.

Everything up to the answer 354 may be tried again. From the first byte of the letter on only the answer tells: 250 is
sent, 4xx later, 5xx never; no answer is unsure, and nobody sends it again without looking. What the server says after
250, or twice, changes nothing.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from agency.channels import EMAIL, Channel, NotNow, RefusedError, UnsureError
from agency.wording import letter, subject_line

if TYPE_CHECKING:
    from agency.models import Dispatch
    from agency.wording import Words
    from projects.models import User

GO_ON, FOREVER = 354, 500
#: A line that begins with a full stop would end the letter.
DOT = re.compile(rb"(?m)^\.")
LINE_END = re.compile(rb"\r?\n")


class Mail(Channel):
    """E-mail as the setting EMAIL_URL says."""

    code, label, consent = EMAIL, "电子邮件", "email"

    def address(self, user: User) -> str:
        """Return the e-mail address of the account."""
        return user.email

    def compose(self, words: Words) -> str:
        """Return the letter: what, on whom it waits, why you get it, where to go."""
        return letter(words)

    def send(self, dispatch: Dispatch, handing: Callable[[], None]) -> str:
        """Hand the letter to the server."""
        letter_out = self._letter(dispatch)
        connection = get_connection()
        if not isinstance(connection, EmailBackend):  # kept as a file, or in a test's memory
            handing()
            connection.send_messages([letter_out])
            return "已写入"
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise NotNow(f"连不上邮件服务器：{error}", is_down=True) from error
        smtp = connection.connection
        if smtp is None:
            raise NotNow("连不上邮件服务器", is_down=True)
        try:
            return _talk(smtp, letter_out, handing)
        finally:
            smtp.close()  # what the server says now does not matter

    def _letter(self, dispatch: Dispatch) -> EmailMessage:
        """The same Message-ID however often it is tried: who gets it twice can see that it is one."""
        domain = urlsplit(settings.SITE_URL).hostname or "localhost"
        name = hashlib.sha256(dispatch.key.encode()).hexdigest()[:32]
        to = [self.address(dispatch.user)] if dispatch.user else []
        headers = {"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"}
        return EmailMessage(subject_line(dispatch.subject), dispatch.text, to=to, headers=headers)


def _talk(smtp: smtplib.SMTP, message: EmailMessage, handing: Callable[[], None]) -> str:
    """Say the letter to the server, step by step."""
    try:
        _expect(*smtp.mail(_plain(message.from_email)))
        for recipient in message.recipients():
            _expect(*smtp.rcpt(recipient))
        smtp.putcmd("data")
        code, answer = smtp.getreply()
        if code != GO_ON:
            _expect(code, answer)
    except (OSError, smtplib.SMTPException) as error:
        raise NotNow(f"邮件服务器中断：{error}", is_down=True) from error
    handing()
    body = DOT.sub(b"..", LINE_END.sub(b"\r\n", message.message().as_bytes())).removesuffix(b"\r\n")
    try:
        smtp.send(body + b"\r\n.\r\n")
    except (OSError, smtplib.SMTPException) as error:  # the full stop has not left
        raise NotNow(f"邮件没有发完：{error}", is_down=True) from error
    try:
        if smtp.sock is not None:
            smtp.sock.settimeout(settings.EMAIL_ANSWER_SECONDS)
        code, answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise UnsureError(f"信已交出，服务器没有答复：{error}") from error
    _expect(code, answer)
    return f"{code} {_text(answer)}"


def _expect(code: int, answer: bytes) -> None:
    if code >= FOREVER:
        raise RefusedError(f"{code} {_text(answer)}")
    if not 200 <= code < 300:  # noqa: PLR2004 - replies that say yes
        raise NotNow(f"{code} {_text(answer)}")


def _plain(address: str) -> str:
    return address.rpartition("<")[2].rstrip(">")


def _text(answer: bytes) -> str:
    return answer.decode("utf-8", "replace")[:120]
