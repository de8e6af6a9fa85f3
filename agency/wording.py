"""How a message reads on each channel: a letter, seventy characters, or data. The waiting sentence is always in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse

from agency import message_data as data
from agency.models import Notification
from agency.states import Threshold
from agency.subjects import case_of_clock
from projects import timing
from projects.models import Project
from projects.quoting import quoted
from projects.waiting import Waiting, waiting_for

#: A text message of Chinese characters is one message below this.
SMS_LIMIT = 70
LOUDEST = {code: place for place, code in enumerate(data.BY_DAY)}


@dataclass(frozen=True, slots=True)
class Line:
    """One matter of a message: what is said of it, and on whom it waits."""

    text: str
    url: str = ""
    project: Project | None = None
    waiting: Waiting | None = None
    threshold: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A message before a channel makes it fit."""

    key: str
    kind: data.Kind
    text: str
    why: str
    url: str
    sent_at: dt.datetime
    lines: list[Line] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """Return what another system reads."""
        return {
            "id": self.key, "kind": self.kind.code, "kind_name": self.kind.name, "text": self.text, "why": self.why,
            "url": absolute(self.url), "sent_at": self.sent_at.astimezone(timing.BUSINESS_ZONE).isoformat(),
            "lines": [
                {
                    "text": line.text, "url": absolute(line.url), "project": line.project.code if line.project else "",
                    "waiting": line.waiting.public_sentence if line.waiting else "", "threshold": line.threshold,
                }
                for line in self.lines
            ],
        }


def absolute(url: str) -> str:
    """Return the whole address of a page of the portal."""
    return f"{settings.SITE_URL}{url}" if url.startswith("/") else url


def words_of(notification: Notification, key: str) -> Words:
    """Return the words of a message with its lines: those of a digest, or the message itself as one."""
    rows = digest_lines(notification) if notification.digest_on else [notification]
    waits = _waiting_of(rows)
    lines = [
        Line(row.text, row.url, row.project, waits.get(row.pk), row.threshold) for row in rows
    ]
    return Words(
        key, data.kind(notification.kind, timing.business_day(notification.sent_at)), notification.text,
        notification.why, notification.url, notification.sent_at, lines,
    )


def digest_lines(digest: Notification) -> list[Notification]:
    """Return what a digest has taken in, one per clock, the loudest rung first."""
    found = digest.parts.filter(over_at=None).select_related("project__centre", "project__owner", "clock")
    loudest: dict[int | None, Notification] = {}
    for row in sorted(found, key=lambda row: (LOUDEST.get(Threshold(row.threshold), 99), row.pk)):
        loudest.setdefault(row.clock_id, row)
    return list(loudest.values())


def _waiting_of(rows: list[Notification]) -> dict[int, Waiting]:
    """Return on whom the matter of each message waits: its case where it has one, else the first of its project."""
    projects = {row.project.pk: row.project for row in rows if row.project is not None}
    if not projects:
        return {}
    waits = waiting_for(list(projects.values()))
    cases = case_of_clock([row.clock_id for row in rows if row.clock_id])
    found = {}
    for row in rows:
        lines = waits.get(row.project_id or 0, [])
        case = cases.get(row.clock_id or 0)
        own = [line for line in lines if case is not None and line.case_id == case.pk]
        if own or lines:
            found[row.pk] = (own or lines)[0]
    return found


# Letters -------------------------------------------------------------------------------------------------------------


def subject_line(text: str) -> str:
    """Return the first line of a message as the subject of a letter."""
    return text.splitlines()[0][:100] if text else ""


def letter(words: Words) -> str:
    """Return the letter: every line with its waiting sentence, why one gets it, and where to switch it off."""
    out = [words.text, ""]
    several = len(words.lines) > 1 or (words.lines and words.lines[0].text != words.text)
    for line in words.lines:
        if several:
            out.append(f"· {line.text}")
        if line.waiting is not None:
            out.append(f"  {line.waiting.sentence}" if several else line.waiting.sentence)
        if several and line.url:
            out.append(f"  {absolute(line.url)}")
    if words.url:
        out += ["", f"去办理：{absolute(words.url)}"]
    out += ["", f"为什么收到：{words.why}。"]
    if words.kind.must:
        out.append(f"{quoted(words.kind.name)}必须送达，不能关闭。")
    else:
        out.append(f"不想再收到{quoted(words.kind.name)}：{absolute(reverse('agency:message_settings'))}")
    return "\n".join(out)


# Seventy characters --------------------------------------------------------------------------------------------------


def short(words: Words) -> str:
    """Return fewer than seventy characters: what it is, on whom the most pressing matter waits, how many more."""
    waiting = next((line.waiting for line in words.lines if line.waiting is not None), None)
    if waiting is None:
        return clip(words.text, SMS_LIMIT - 1)
    first = next(line for line in words.lines if line.waiting is waiting)
    head = str(Threshold(first.threshold).label) if first.threshold else words.kind.name
    name = first.project.name if first.project else ""
    tail = f"另有 {len(words.lines) - 1} 件，见门户。" if len(words.lines) > 1 else ""
    room = SMS_LIMIT - 1 - len(head) - len(tail) - 2
    sentence = _sentence(waiting, room)
    left = room - len(sentence)
    shown = f"{clip(name, left)}，" if left >= 4 and name else ""  # noqa: PLR2004 - fewer letters name nothing
    return f"{head}：{shown}{sentence}{tail}"[: SMS_LIMIT - 1]


def _sentence(waiting: Waiting, room: int) -> str:
    """Return the waiting sentence, with as much of what is asked as there is room for."""
    if len(waiting.public_sentence) <= room:
        return waiting.public_sentence
    due = f"，{waiting.due_on.month}月{waiting.due_on.day}日到期" if waiting.due_on else ""
    frame = f"正在等{waiting.role}{waiting.verb}{due}。"
    return f"正在等{waiting.role}{waiting.verb}{clip(waiting.what, max(2, room - len(frame)))}{due}。"


def clip(text: str, most: int) -> str:
    """Return a text of at most so many characters; what was cut off ends with an ellipsis."""
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"
