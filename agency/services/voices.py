"""咨询, 投诉, 办不成事: taken in, forwarded, answered, asked on, judged, closed. Never by whom they are about."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from agency import recipients, voice_data, voice_rules
from agency.models import Voice, VoiceTurn
from agency.models.ratings import OFFICERS
from agency.recipients import STAFF, people_at
from agency.services.rating import TOKEN_BYTES, in_month
from agency.services.telling import tell
from agency.voice_states import TurnKind, VoiceChannel, VoiceDesk, VoiceKind, VoiceState
from archives.services import papers
from archives.services.papers import issuer_word
from archives.states import PaperKind
from projects import timing, workdays
from projects.access import OWNER_ROLES, access_of
from projects.clock_states import ClockKind
from projects.clocks import start_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Membership, Organisation, User
from projects.numbering import take_number
from projects.quoting import quoted
from projects.states import OrganisationKind

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import Clock, Project

SERIES = {VoiceKind.CONSULT: "询", VoiceKind.COMPLAINT: "诉", VoiceKind.STUCK: "难"}
LABELS = {VoiceKind.CONSULT: "咨询答复", VoiceKind.COMPLAINT: "投诉答复", VoiceKind.STUCK: "办不成事答复"}
WHY_DESK = "由您受理咨询投诉"
#: Nobody: whoever holds the link to what was asked without an account.
NOBODY = AnonymousUser()


# Taking in -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(  # noqa: PLR0913 - one argument per field of the form
    *, by: User | None, kind: str, title: str, words: str, project_id: int | None = None, centre_id: int | None = None,
    about_body_id: int | None = None, about_person: str = "", name: str = "", phone: str = "", form_key: str = "",
    channel: str = VoiceChannel.PORTAL, at: dt.datetime | None = None,
) -> Voice:
    """提出: it reaches the centre, or the office above when the centre is complained of, and its clock begins.

    `about_person` is a name as the asker knows it: found at the body it makes sure that this person never handles it.
    The same `form_key` again returns what stands. Raises `NotAllowed`, `DomainError` (`kind`, `title`, `words`,
    `phone`, `centre`). Event `voice.asked` in the chain of the centre.
    """
    project = lock_project(project_id) if project_id else None
    centre = project.centre if project else _centre(centre_id)
    Organisation.objects.select_for_update().get(pk=centre.pk)
    standing: Voice | None = Voice.objects.filter(form_key=form_key).first() if form_key else None
    if standing is not None:
        return standing
    require(voice_rules.can_ask, by or NOBODY, centre)
    _check(kind, title, words, by=by, phone=phone)
    accused = kind != VoiceKind.CONSULT
    body = Organisation.objects.filter(pk=about_body_id).first() if accused and about_body_id else None
    person = _person_named(about_person, body) if accused else None
    made = _create(
        by=by, kind=kind, title=title.strip()[:80], project=project, centre=centre, about_body=body,
        about_person=person, desk=_desk(centre, body, person), asker_name=name.strip()[:50] or str(by or ""),
        asker_phone=phone.strip()[:20] or (by.phone if by else ""), form_key=form_key, channel=channel, at=at,
    )
    named = f"\n被反映人：{about_person.strip()[:50]}" if accused and about_person.strip() else ""
    _turn(made, TurnKind.ASK, words.strip()[:1900] + named, by=by, at=made.asked_at)
    record(
        "voice.asked", subject=made, organisation=centre, by=None, at=at, data={"state": ["", made.state]},
        summary=f"收到{made.get_kind_display()} {made.number}",
    )
    text = f"{made.get_kind_display()}{made.number}待受理，{in_month(made.clock.due_on)}前答复"
    tell(desk_people(made), text, url=url_of(made), why=WHY_DESK, kind="voice", at=made.asked_at)
    return made


def _check(kind: str, title: str, words: str, *, by: User | None, phone: str) -> None:
    if kind not in VoiceKind.values:
        raise DomainError("kind", "请选择咨询、投诉或者办不成事。")
    if not title.strip():
        raise DomainError("title", "请用一句话写明是什么事。")
    if not words.strip():
        raise DomainError("words", "请写明具体情况。")
    if by is None and kind != VoiceKind.CONSULT and not phone.strip():
        raise DomainError("phone", "投诉和办不成事请留下联系电话，便于核实和答复。")


def _centre(centre_id: int | None) -> Organisation:
    found = Organisation.objects.filter(kind=OrganisationKind.BUREAU).select_related("region").order_by("pk")
    chosen = found.filter(pk=centre_id).first() if centre_id else found.first()
    if chosen is None:
        raise DomainError("centre", "请选择由哪个审批服务中心受理。")
    return chosen


def _person_named(name: str, body: Organisation | None) -> User | None:
    """Return who has this name at the body, else anywhere in the office: an exact name that one person bears."""
    text, today = name.strip(), timing.today()
    if not text:
        return None
    members = Membership.objects.filter(user__name=text, since__lte=today).exclude(until__lt=today)
    office = members.exclude(role__in=OWNER_ROLES)
    for found in (office.filter(organisation=body), office) if body else (office,):
        ids = list(found.order_by().values_list("user", flat=True).distinct()[:2])
        if len(ids) == 1:
            return User.objects.get(pk=ids[0])
    return None


def _desk(centre: Organisation, body: Organisation | None, person: User | None) -> VoiceDesk:
    """The office above takes in what is about the centre itself, and where every officer is complained of.

    Where nobody sits above, it stays with the centre, and whoever is complained of does not see it.
    """
    officers = [one for one in people_at(centre.pk, *OFFICERS) if person is None or one.pk != person.pk]
    is_about_centre = body is not None and body.pk == centre.pk
    if (is_about_centre or not officers) and above(centre, but=person):
        return VoiceDesk.ABOVE
    return VoiceDesk.CENTRE


def above(centre: Organisation, *, but: User | None = None) -> list[User]:
    """Return the people of the 工改办 whose region holds the centre, without one."""
    people = recipients.above(centre.pk) if centre.region else []
    return [one for one in people if but is None or one.pk != but.pk]


def _create(*, by: User | None, kind: str, centre: Organisation, at: dt.datetime | None, **columns: object) -> Voice:
    moment = at or timing.now()
    day = timing.business_day(moment)
    word = f"{issuer_word(centre)}{SERIES[VoiceKind(kind)]}"
    year, serial = take_number(centre, word, year=day.year)
    made: Voice = Voice.objects.create(
        number=f"〔{year}〕{word}字第{serial:06d}号", kind=kind, centre=centre, asked_by=by, asked_at=moment,
        token=secrets.token_urlsafe(TOKEN_BYTES), clock=_clock(kind, moment), **columns,
    )
    return made


def _clock(kind: str, moment: dt.datetime) -> Clock:
    """The limit of an answer, in working days; it belongs to no project, whose people must not see it."""
    limit = voice_data.term(kind, timing.business_day(moment))
    return start_clock(kind=ClockKind.REPLY, limit=limit, on=moment, label=LABELS[VoiceKind(kind)])


def url_of(row: Voice) -> str:
    """Return the page of the office."""
    return reverse("agency:voice", args=[row.pk])


def desk_people(row: Voice) -> list[User]:
    """Return who takes it in: never the person complained of."""
    if row.desk == VoiceDesk.ABOVE:
        return above(row.centre, but=row.about_person)
    return [one for one in people_at(row.centre_id, *OFFICERS) if one.pk != row.about_person_id]


def _turn(
    row: Voice, kind: str, words: str, *, by: User | None, at: dt.datetime, body: Organisation | None = None,
    paper: Paper | None = None,
) -> VoiceTurn:
    made: VoiceTurn = VoiceTurn.objects.create(
        voice=row, kind=kind, words=words[:2000], by=by, body=body, paper=paper, at=at
    )
    return made


# Steps ---------------------------------------------------------------------------------------------------------------


def lock_voice(pk: int) -> Voice:
    """Return an enquiry, locked with its centre. Raises `Voice.DoesNotExist`."""
    centre = Voice.objects.values_list("centre_id", flat=True).get(pk=pk)
    Organisation.objects.select_for_update().get(pk=centre)
    found: Voice = Voice.objects.select_for_update(of=("self",)).select_related(
        "centre__region", "project", "clock", "about_body", "about_person", "forwarded_to", "asked_by"
    ).get(pk=pk)
    return found


def _step(row: Voice, verb: str, summary: str, old: str, *, by: User | None, at: dt.datetime | None) -> Voice:
    row.save()
    record(
        f"voice.{verb}", subject=row, organisation=row.centre, by=by, at=at, summary=summary,
        data={"state": [old, row.state]},
    )
    return row


def _said(words: str, what: str) -> str:
    if not words.strip():
        raise DomainError("words", f"请写明{what}。")
    return words.strip()[:1900]


@transaction.atomic
def forward(pk: int, *, by: User, body_id: int, words: str, at: dt.datetime | None = None) -> Voice:
    """转办: to another body, never to the one complained of. Event `voice.forwarded`; the same again is a no-op."""
    row = lock_voice(pk)
    require(voice_rules.can_forward, by, row)
    if row.state == VoiceState.FORWARDED and row.forwarded_to_id == body_id:
        return row
    body = Organisation.objects.filter(pk=body_id).first()
    if body is None:
        raise DomainError("body", "请选择承办单位。")
    if row.kind != VoiceKind.CONSULT and body.pk == row.about_body_id:
        raise DomainError("body", f"反映的是{body.label}，不能转给它办理，请选择其他单位或者由中心直接答复。")
    people = [one for one in people_at(body.pk, *STAFF) if one.pk != row.about_person_id]
    if not people:
        raise DomainError("body", f"{body.label}没有可以承办的人员，请选择其他单位。")
    old, moment = row.state, at or timing.now()
    _restart(row, moment)
    row.forwarded_to = body
    row.forward()
    _turn(row, TurnKind.FORWARD, _said(words, "转办的要求"), by=by, at=moment, body=body)
    text = f"{row.get_kind_display()}{row.number}转{body.label}办理，{in_month(row.clock.due_on)}前答复"
    tell(people, text, url=url_of(row), why="由贵部门承办", kind="voice", at=moment)
    return _step(row, "forwarded", f"转办：{row.number} 转{body.label}", old, by=by, at=at)


def _restart(row: Voice, moment: dt.datetime) -> None:
    """A new answer is owed after one that did not do: its clock begins anew."""
    if not row.clock.is_live:
        row.clock = _clock(row.kind, moment)


@transaction.atomic
def send_back(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> Voice:
    """退回: the body says that it is not its business; the officer forwards anew. Event `voice.returned`."""
    row = lock_voice(pk)
    require(voice_rules.can_return, by, row)
    old, moment = row.state, at or timing.now()
    _turn(row, TurnKind.RETURN, _said(words, "退回的理由"), by=by, at=moment, body=row.forwarded_to)
    row.forwarded_to = None
    row.send_back()
    tell(desk_people(row), f"{row.get_kind_display()}{row.number}被退回，请重新转办", url=url_of(row), why=WHY_DESK,
         kind="voice", at=moment)
    return _step(row, "returned", f"退回：{row.number}", old, by=by, at=at)


@transaction.atomic
def answer(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> Voice:
    """答复: a complaint and 办不成事 as a numbered paper of the centre; who asked may ask on for some days.

    Event `voice.answered`. Raises `NotAllowed`, `DomainError` (`words`).
    """
    row = lock_voice(pk)
    require(voice_rules.can_answer, by, row)
    old, moment = row.state, at or timing.now()
    said = _said(words, "答复内容")
    paper = None if row.kind == VoiceKind.CONSULT else _paper(row, said, by=by, at=at)
    _turn(row, TurnKind.ANSWER, said, by=by, at=moment, body=row.forwarded_to or row.centre, paper=paper)
    row.answer()
    day = timing.business_day(moment)
    row.answered_at, row.again_until = moment, workdays.due_date(day, voice_data.term("again", day))
    stop_clock(row.clock, moment)
    if row.asked_by is not None:
        text = f"您的{row.get_kind_display()}{quoted(row.title)}已答复，{in_month(row.again_until)}前可以追问和评价"
        tell([row.asked_by], text, url=reverse("agency:voice_track", args=[row.token]), why="您提出的咨询投诉",
             kind="voice", at=moment)
    return _step(row, "answered", f"答复：{row.number}", old, by=by, at=at)


def _paper(row: Voice, said: str, *, by: User, at: dt.datetime | None) -> Paper:
    """The official reply. It belongs to no project's archive, where those complained of would find it."""
    day = timing.business_day(at or timing.now())
    kind = row.get_kind_display()
    content = {
        "gist": {
            "project": f"{row.project.name}，{row.project.code}" if row.project else "—",
            "what": f"对您{kind}{quoted(row.title)}的答复。",
            "do": "对答复不满意的，可以追问，或者选择“不满意”由中心重新办理。",
            "when": f"{in_month(workdays.due_date(day, voice_data.term('again', day)))}前可以追问和评价。",
        },
        "addressee": row.asker_name or "提出人",
        "paragraphs": [
            f"您于{in_month(timing.business_day(row.asked_at))}提出的{kind}（{row.number}）收悉，答复如下。", said,
        ],
        "form": [
            ("编号", row.number), ("类型", str(kind)), ("标题", row.title),
            ("承办单位", (row.forwarded_to or row.centre).name),
        ],
        "signed_on": day.isoformat(),
    }
    return papers.issue_paper(
        None, kind=PaperKind.VOICE_REPLY, series="复", title="咨询投诉答复书", issuer=row.centre, content=content,
        subject=row, by=by, at=at,
    )


@transaction.atomic
def follow_up(pk: int, *, by: User | None, words: str, at: dt.datetime | None = None) -> Voice:
    """追问: who asked asks on; the clock of an answer begins anew. Event `voice.followed`."""
    row = lock_voice(pk)
    require(voice_rules.can_follow_up, by or NOBODY, row)
    old, moment = row.state, at or timing.now()
    _turn(row, TurnKind.FOLLOW, _said(words, "还要追问什么"), by=by, at=moment)
    row.follow()
    row.followed_count += 1
    _restart(row, moment)
    text = f"{row.get_kind_display()}{row.number}有追问，{in_month(row.clock.due_on)}前答复"
    tell(desk_people(row), text, url=url_of(row), why=WHY_DESK, kind="voice", at=moment)
    return _step(row, "followed", f"追问：{row.number}", old, by=None, at=at)


@transaction.atomic
def give_verdict(pk: int, *, by: User | None, satisfied: bool, words: str = "", at: dt.datetime | None = None) -> Voice:
    """满意 or 不满意 with the reason; what did not satisfy is done over or closed. Event `voice.judged`."""
    row = lock_voice(pk)
    if row.verdict is satisfied and row.state in (VoiceState.SATISFIED, VoiceState.UNSATISFIED):
        return row
    require(voice_rules.can_give_verdict, by or NOBODY, row)
    said = words.strip()[:500] if satisfied else _said(words, "哪里不满意")
    old, moment = row.state, at or timing.now()
    row.verdict = satisfied
    if satisfied:
        row.satisfy()
    else:
        row.disappoint()
    word = str(row.get_state_display())
    _turn(row, TurnKind.VERDICT, f"{word}{'：' if said else ''}{said}", by=by, at=moment)
    if not satisfied:
        tell(desk_people(row), f"{row.get_kind_display()}{row.number}答复不满意，请重新办理或者说明后关闭",
             url=url_of(row), why=WHY_DESK, kind="voice", at=moment)
    return _step(row, "judged", f"{word}：{row.number}", old, by=None, at=at)


@transaction.atomic
def take_back(pk: int, *, by: User | None, at: dt.datetime | None = None) -> Voice:
    """撤回: who asked takes it back before it is taken in. Event `voice.closed`; twice is a no-op."""
    row = lock_voice(pk)
    if row.state == VoiceState.CLOSED:
        return row
    require(voice_rules.can_take_back, by or NOBODY, row)
    return _close(row, "提出人撤回", by=by, at=at)


@transaction.atomic
def close(pk: int, *, by: User, words: str, at: dt.datetime | None = None) -> Voice:
    """关闭: by the officer, after it was judged; what did not satisfy with the reason. Event `voice.closed`."""
    row = lock_voice(pk)
    if row.state == VoiceState.CLOSED:
        return row
    require(voice_rules.can_close, by, row)
    said = words.strip()[:500] or "办结"
    if row.state == VoiceState.UNSATISFIED:
        said = _said(words, "关闭的理由和已作的说明")
    return _close(row, said, by=by, at=at)


def _close(row: Voice, words: str, *, by: User | None, at: dt.datetime | None) -> Voice:
    old, moment = row.state, at or timing.now()
    row.close()
    row.closed_at = moment
    stop_clock(row.clock, moment)
    _turn(row, TurnKind.CLOSE, words, by=by, at=moment)
    return _step(row, "closed", f"关闭：{row.number}", old, by=by, at=at)


# Sweep ---------------------------------------------------------------------------------------------------------------


def to_close(at: dt.datetime | None = None) -> QuerySet[Voice]:
    """Return what was answered, and nobody said anything within the days; and what satisfied."""
    day = timing.business_day(at or timing.now())
    quiet: QuerySet[Voice] = Voice.objects.filter(state=VoiceState.ANSWERED, again_until__lt=day)
    return quiet | Voice.objects.filter(state=VoiceState.SATISFIED)


@transaction.atomic
def close_quiet(pk: int, *, at: dt.datetime | None = None) -> bool:
    """Close what is over by itself; not rated is not satisfied. Twice closes once."""
    row = lock_voice(pk)
    day = timing.business_day(at or timing.now())
    quiet = row.state == VoiceState.ANSWERED and row.again_until is not None and row.again_until < day
    if not quiet and row.state != VoiceState.SATISFIED:
        return False
    _close(row, "答复满意，自动关闭" if row.state == VoiceState.SATISFIED else "到期没有追问，自动关闭", by=None, at=at)
    return True


def own_projects(user: User) -> QuerySet[Project]:
    """Return the projects that an enterprise may ask about."""
    from projects.models import Project

    ids = {pk for role in OWNER_ROLES for pk in access_of(user).by_role.get(role, ())}
    return Project.objects.filter(owner_id__in=ids).order_by("-pk")
