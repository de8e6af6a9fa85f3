"""The lead of a joint review: pushing, merging, asking again, rectifying, and the joint conference."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from packages import queries, review_rules
from packages.case_data import reasons_today
from packages.models import Conference, ConferenceSeat, JointSession
from packages.review_forms import CallForm, MergeForm, MinutesForm, ReconsultForm, RectifyForm, SeatForm
from packages.review_terms import terms_of
from packages.screens import reviewing
from packages.screens.conflicts import side_by_side
from packages.services import conference as conferring
from packages.services import review as services
from packages.services.correction import OTHER, notices_of
from packages.services.rectifying import send_to_rectify
from packages.standing import standing_opinions
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import person, session_or_404, task_or_404
from packages.waiting import round_waiting
from projects import timing
from projects.errors import DomainError
from projects.forms import BackEntryForm, moment_of


def _name(session: JointSession) -> str:
    return session.case.matter.name if session.case else ""


def _beside(session: JointSession) -> dict[str, object]:
    standing = standing_opinions(session.case) if session.case else []
    return {
        "session": session, "rows": queries.opinions_of(session), "sides": side_by_side(standing),
        "awaited": round_waiting(session.case) if session.case else [],
    }


@login_required
@require_http_methods(["GET", "POST"])
def push(request: HttpRequest, pk: int) -> HttpResponse:
    """Push the file to every department at once."""
    session = session_or_404(request, pk)
    step = Step(
        title=f"推送各部门：{_name(session)}", button="推送", back=reverse("packages:case", args=[session.case_id]),
        case=session.case, verdict=review_rules.can_push(request.user, session),
        done="已推送各部门，答复时限开始计算。",
        run=lambda given: services.push_session(pk, by=person(request), at=given["at"]),
        may_be_late=True,
        says=("推送后各部门同时开始审查；推送日过后由系统推送。", "补录推送的，各部门的答复时限从录入时起算。"),
    )
    return ask(request, Form(request.POST if request.method == "POST" else None), step)


@login_required
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Merge the opinions (汇总), side by side; the lead says whether it can be granted."""
    session = session_or_404(request, pk)
    beside = _beside(session)
    standing = standing_opinions(session.case) if session.case else []
    step = Step(
        title=f"汇总联合审查意见：{_name(session)}", button="提交汇总意见", seg="passed",
        back=reverse("packages:case", args=[session.case_id]), case=session.case,
        verdict=review_rules.can_merge(request.user, session), done="汇总意见已提交，联合审查意见书已出具。",
        run=lambda given: services.merge_session(
            pk, by=person(request), passed=given["passed"] == "yes", text=given["text"],
            confirmed=given.get("confirmed", False), at=given["at"],
        ),
        may_be_late=True, may_have_to_wait=True,
        beside={**beside, "against": [one for one in standing if one.verdict == "disagree"]},
    )
    form = MergeForm(
        request.POST or None, initial={"text": reviewing.draft_text(session)},
        outdated=any(one.outdated for one in standing),
    )
    return ask(request, form, step, "packages/merge.html")


@login_required
@require_http_methods(["GET", "POST"])
def reconsult(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask again whom a change concerns (再次征求意见); the opinions of the others stand."""
    task = task_or_404(request, pk)
    session = task.session
    standing = standing_opinions(session.case) if session.case else []
    step = Step(
        title=f"再次征求意见：{_name(session)}", button="再次征求意见",
        back=reverse("packages:case", args=[session.case_id]), case=session.case,
        verdict=review_rules.can_reconsult(request.user, task), done="已开始新一轮；其他部门的意见继续有效。",
        run=lambda given: services.reconsult(
            pk, by=person(request), note=given["note"], also=[int(one) for one in given.get("also", [])],
            at=given["at"],
        ),
        may_be_late=True, may_have_to_wait=True,
        says=(_second_limit(session),), beside=_beside(session),
    )
    others = [one for one in standing if not one.blocks]
    form = ReconsultForm(
        request.POST or None, initial={"also": [str(one.opinion.task_id) for one in others if one.outdated]},
        others=[(str(one.opinion.task_id), f"{one.name}{'（已换版）' if one.outdated else ''}") for one in others],
    )
    return ask(request, form, step, "packages/beside.html")


def _second_limit(session: JointSession) -> str:
    days = terms_of(session.case.matter).second if session.case else 0
    limit = f"第二轮答复 {days} 个工作日" if days else "第二轮用首轮的答复天数"
    return f"只向不同意和受修改影响的部门再次征求意见；{limit}，自再次推送起算。"


@login_required
@require_http_methods(["GET", "POST"])
def rectify(request: HttpRequest, pk: int) -> HttpResponse:
    """Send what the departments object to as one notice to the owner (整改)."""
    session = session_or_404(request, pk)
    told = bool(session.case and notices_of(session.case))
    reasons = [(code, name) for code, name in reasons_today().items() if code != OTHER] if told else []
    step = Step(
        title=f"整改：{_name(session)}", button="出具整改意见", back=reverse("packages:case", args=[session.case_id]),
        case=session.case, verdict=review_rules.can_merge(request.user, session),
        done=f"已{'再次' if told else '一次性'}告知建设单位整改；交回后自动开始第二轮审查。",
        run=lambda given: send_to_rectify(
            pk, by=person(request), days=given["days"], reason_code=given.get("reason_code", ""), at=given["at"]
        ),
        may_be_late=True, may_have_to_wait=True,
        says=("不同意的意见逐条写入补正告知书；整改期间各部门时限暂停，不计入审批时限。",), beside=_beside(session),
    )
    days = terms_of(session.case.matter).rectify if session.case else 10
    form = RectifyForm(request.POST or None, reasons=reasons, initial={"days": days})
    return ask(request, form, step, "packages/beside.html")


# Conference ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite the departments whose opinions conflict to a conference (联审会)."""
    session = session_or_404(request, pk)
    beside = _beside(session)
    step = Step(
        title=f"召开联审会：{_name(session)}", button="发出邀请", back=reverse("packages:case", args=[session.case_id]),
        case=session.case, verdict=review_rules.can_merge(request.user, session),
        done="联审会已召集，各部门已收到邀请。",
        run=lambda given: conferring.call_conference(
            pk, by=person(request), meets_at=given["meets_at"], place=given["place"], agenda=given["agenda"],
            at=given["at"],
        ),
        may_be_late=True, may_have_to_wait=True,
        says=("已提意见的部门都在邀请之列；开会期间时限照常计算。",), beside=beside,
    )
    clauses = "；".join(clause.name for clause in beside["sides"].clauses)  # type: ignore[attr-defined]
    form = CallForm(request.POST or None, initial={"agenda": f"就以下条款协调意见：{clauses}"[:500]})
    return ask(request, form, step, "packages/beside.html")


@login_required
@require_http_methods(["GET", "POST"])
def conference(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a conference: who is invited and what each says; the lead keeps the minutes here."""
    meeting: Conference = get_object_or_404(Conference.objects.visible_to(request.user), pk=pk)
    session = meeting.session = session_or_404(request, meeting.session_id)
    seats = list(meeting.seats.select_related("organisation", "opinion__task", "confirmed_by").order_by("pk"))
    form = MinutesForm(request.POST or None, initial={"held_on": timing.today()})
    parts = [SeatForm(request.POST or None, organisation_id=seat.organisation_id) for seat in seats]
    late = BackEntryForm(request.POST or None)
    if request.method == "POST" and all([form.is_valid(), late.is_valid(), *(part.is_valid() for part in parts)]):
        given = form.cleaned_data | {"positions": [part.position for part in parts], "at": moment_of(late)}
        if attempt(form, conferring.close_conference, pk, by=person(request), **given):
            messages.success(request, "会议纪要已记录并出具。")
            return redirect("packages:conference", pk=pk)
    rows = zip(seats, parts, strict=True)
    return render(request, "packages/conference.html", {
        "meeting": meeting, "case": session.case, "form": form, **_beside(session),
        "seats": [(seat, part, review_rules.can_sign_seat(request.user, seat)) for seat, part in rows],
        "confer": review_rules.can_confer(request.user, session), "late": late,
    }, status=CONFLICT if form.is_bound else 200)


@login_required
@require_http_methods(["POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """A department signs what the minutes say that it now says (签认)."""
    seat: ConferenceSeat = get_object_or_404(
        ConferenceSeat.objects.filter(conference__in=Conference.objects.visible_to(request.user)), pk=pk
    )
    late = BackEntryForm(request.POST)
    if not late.is_valid():
        raise DomainError("future", "".join(str(words) for words in late.errors["happened_at"]))
    conferring.sign_seat(pk, by=person(request), at=moment_of(late))
    messages.success(request, "已签认。")
    return redirect("packages:conference", pk=seat.conference_id)
