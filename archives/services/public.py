"""What everybody may read of a project, computed from the registries once per event and day and kept.

Only organisations, roles, public papers and what providers declare public go in; names of people, telephones, opinions
and unpublished documents have no way into it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q

from archives import queries
from archives.models import PublicView
from projects import timing
from projects.chain import ChainStage, chain_of
from projects.models import Event, Project
from projects.panels import WHEN, public_facts
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from collections.abc import Sequence

WAITS_SHOWN = 4
FAR = "到哪一步"
#: A project this young gets its view before anybody asks for it.
NEW = dt.timedelta(days=1)
Facts = dict[str, Any]


def public_view(project: Project) -> Facts:
    """Return what the public page shows. One that is kept costs no query when it came with the project."""
    view = getattr(project, "public_view", None)
    if view is not None and view.seq == project.event_seq and view.day == timing.today():
        facts: Facts = view.facts
        return facts
    return refresh([project])[project.pk]


def refresh(projects: Sequence[Project]) -> dict[int, Facts]:
    """Compute and keep the public views of some projects (with owner, centre and region) and return them."""
    now, today = timing.now(), timing.today()
    waits = waiting_for(projects)
    computed = {project.pk: _facts_of(project, waits[project.pk], today) for project in projects}
    PublicView.objects.bulk_create(
        [
            PublicView(project=project, seq=project.event_seq, day=today, facts=computed[project.pk], computed_at=now)
            for project in projects
        ],
        update_conflicts=True,
        unique_fields=["project"],
        update_fields=["seq", "day", "facts", "computed_at"],
    )
    return computed


def refresh_stale(*, limit: int = 100, only: Sequence[int] | None = None) -> int:
    """Compute the views of new projects, and anew those that an event or a new day has overtaken; return how many.

    Of older projects only those that somebody has opened are kept up. `only`: of these projects.
    """
    overtaken = Q(public_view__isnull=False) & (
        ~Q(public_view__seq=F("event_seq")) | ~Q(public_view__day=timing.today())
    )
    new = Q(public_view=None, registered_at__gte=timing.now() - NEW)
    stale = (
        Project.objects.filter(overtaken | new).select_related("owner", "centre", "region").order_by("-pk")
    )
    found = list((stale if only is None else stale.filter(pk__in=only))[:limit])
    if found:
        refresh(found)
    return len(found)


def _facts_of(project: Project, waits: Sequence[Waiting], today: dt.date) -> Facts:
    moves = Event.objects.filter(project=project, kind__in=["project.registered", "project.stage_moved"]).order_by("pk")
    groups: dict[str, list[dict[str, str]]] = {}
    first: list[dict[str, str]] = []
    when: list[str] = []
    for fact in public_facts(project):
        if fact.group == WHEN:
            when.append(f"{fact.title}{fact.detail}" + (f"，{fact.on}" if fact.on else ""))
            continue
        (first if fact.is_first else groups.setdefault(fact.group, [])).append(
            {"title": fact.title, "detail": fact.detail, "on": fact.on, "tone": fact.tone}
        )
    permits = []
    for paper in queries.public_permits(project):
        words, tone = queries.permit_words(paper, today)
        permits.append(
            {"title": paper.title, "detail": paper.number, "on": words, "tone": tone, "code": paper.verify_code}
        )
    chain = [_stage(stage) for stage in chain_of(project, moves)]
    return {
        "answers": _answers(project, chain, waits, when),
        "waiting": [_waiting(waiting) for waiting in waits[:WAITS_SHOWN]],
        "more": max(len(waits) - WAITS_SHOWN, 0),
        "chain": chain,
        "permits": permits,
        "first": first,
        "groups": [{"name": name, "facts": facts} for name, facts in groups.items()],
        "parties": [
            [party.get_role_display(), party.organisation.name]
            for party in project.parties.select_related("organisation")
        ],
    }


def _answers(
    project: Project, chain: Sequence[Facts], waits: Sequence[Waiting], when: Sequence[str]
) -> list[list[str]]:
    """Return what everybody asks first: how far, on whom, what comes next and by whom, and roughly when."""
    now = [joint["name"] for stage in chain for joint in stage["joints"] if joint["state"] == "now"]
    far = f"{project.get_stage_display()}阶段" if project.is_open else project.get_stage_display()
    answers = [[FAR, f"{far}{'，' if now else ''}{'、'.join(now)}"]]
    if waits:
        first = waits[0]
        answers.append(["在等谁", "，".join([first.role, *_lasting(first, with_due=bool(when))])])
        answers.append(["下一步", f"{first.role}{first.verb}{first.for_public}"])
    due = [one.due_on for one in waits if one.due_on is not None]
    if when:
        answers.append([WHEN, "；".join(when)])
    elif due:
        day, words = (due[0], "这一步最迟") if waits[0].due_on else (min(due), "最近的期限")
        answers.append([WHEN, f"{words} {day.month}月{day.day}日"])
    elif project.is_open:
        answers.append([WHEN, "还没有预计"])
    return answers


def beside_waiting(facts: Facts) -> Sequence[Sequence[str]]:
    """Return the answers that a waiting sentence does not give: how far, and roughly when."""
    return [answer for answer in facts["answers"] if answer[0] in {FAR, WHEN}]


def _lasting(waiting: Waiting, *, with_due: bool) -> list[str]:
    """Return since how long it is awaited, until when where nothing else on the page says so, and how late it is."""
    due = waiting.due_on if with_due else None
    words = (
        f"已 {waiting.days} 个工作日" if waiting.since else "",
        f"{due.month}月{due.day}日到期" if due else "",
        waiting.late_words,
    )
    return [word for word in words if word]


def _waiting(waiting: Waiting) -> dict[str, Any]:
    """Return a waiting sentence as the public reads it: the role, never the person."""
    return {
        "who": waiting.role, "what": waiting.for_public, "public_sentence": waiting.public_sentence,
        "light": waiting.light, "days": waiting.days, "since": _iso(waiting.since), "due_on": _iso(waiting.due_on),
        "auto": waiting.auto,
    }


def _stage(stage: ChainStage) -> dict[str, Any]:
    return {
        "name": stage.name, "note": stage.note, "state": stage.state,
        "joints": [
            {"name": joint.name, "fact": joint.fact, "when": _iso(joint.when), "state": joint.state}
            for joint in stage.joints
        ],
    }


def _iso(moment: Any) -> str:
    if isinstance(moment, dt.datetime):
        return timing.business_day(moment).isoformat()
    return moment.isoformat() if isinstance(moment, dt.date) else str(moment or "")


def revived(facts: Facts) -> Facts:
    """Return the kept facts with their days as dates again, as the components of the page want them."""
    return facts | {
        "waiting": [
            waiting | {"since": _day(waiting["since"]), "due_on": _day(waiting["due_on"])}
            for waiting in facts["waiting"]
        ],
        "chain": [
            stage | {"joints": [joint | {"when": _day(joint["when"])} for joint in stage["joints"]]}
            for stage in facts["chain"]
        ],
    }


def _day(text: str) -> Any:
    """Return a day written as ISO as a date, anything else as it is."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return text
