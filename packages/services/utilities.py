"""水电气通联合报装: one form, one acceptance, one survey, one reply; each utility goes on by itself (handbook §9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from archives.states import PaperKind
from packages import utility_data, utility_rules
from packages.listing import check_opening
from packages.models import MatterCase, UtilityLine, UtilityQuoteItem, UtilityRequest
from packages.services import paperwork
from packages.services.checklist import fill_lines
from packages.services.fees import charge_quote
from packages.services.utility_cases import conclude_case, free_case, open_matters, take_over
from packages.services.utility_lines import go_on, lines_of, lock_line, lock_request, move_line, step_request
from packages.utility_states import (
    LineSide,
    LineState,
    RequestState,
    UtilityKind,
)
from projects import clocks, timing, workdays
from projects.back_entry import check_after, check_follows, counted_at
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, User
from projects.numbering import take_number
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole

SERIES = "联合报装"
JOINT = "util-joint"
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Quoted:
    """One item of a quote; amounts are in 元."""

    name: str
    side: str
    quantity: Decimal
    unit: str
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times price, to the 分."""
        return (self.quantity * self.unit_price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a utility did at the survey: whether it came, who, and what it found."""

    came: bool
    surveyor: str = ""
    finding: str = ""


# One form, one acceptance --------------------------------------------------------------------------------------------


@transaction.atomic
def register_request(  # noqa: PLR0913 - the fields of the form
    project_id: int, *, by: User, needs: Mapping[str, str], site: str, kind: str = UtilityKind.FORMAL,
    notes: Mapping[str, str] | None = None, wanted_on: dt.date | None = None, note: str = "",
    at: dt.datetime | None = None,
) -> UtilityRequest:
    """Register what a project needs of which utilities, on one form (一表采集).

    Effects: the application with its number, one line per utility, event `utility.registered`. While one of the kind
    runs it is returned. Raises `NotAllowed`, `DomainError` (`needs`, `site`,
    `temporary`, `off_list` where a matter that the application would carry out was not told).
    """
    project = lock_project(project_id)
    standing = UtilityRequest.objects.filter(project=project, kind=kind).exclude(state=RequestState.CLOSED).first()
    if standing is not None:
        return standing
    require(utility_rules.can_register, by, project)
    moment = at or timing.now()
    wanted = _wanted(needs, kind, timing.business_day(moment))
    if not site.strip():
        raise DomainError("site", "请填写接入地点后再登记。")
    if kind == UtilityKind.FORMAL:
        check_opening(project, open_matters(project, [JOINT, *(rule.matter for rule, _ in wanted)]))
    year, serial = take_number(project.centre, SERIES, year=timing.business_day(moment).year)
    request = UtilityRequest.objects.create(
        project=project, kind=UtilityKind(kind), number=f"{project.region.code}-{year}-B{serial:06d}",
        site=site.strip(), wanted_on=wanted_on, note=note.strip(), opened_by=by, opened_at=moment,
    )
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=[rule.body for rule, _ in wanted])}
    for order, (rule, need) in enumerate(wanted, 1):
        UtilityLine.objects.create(
            request=request, code=rule.code, name=rule.name, order=order, body=bodies[rule.body],
            need=f"{rule.need} {need} {rule.unit}"[:100], need_note=(notes or {}).get(rule.code, "").strip()[:300],
            limit=rule.limit, steps=rule.steps, is_works_counted=rule.is_works_counted,
            is_outside_free=rule.is_outside_free, changed_at=moment,
        )
    record(
        "utility.registered", subject=request, project=project, by=by, at=at,
        summary=f"联合报装需求登记 {request.number}：{'、'.join(rule.name for rule, _ in wanted)}",
        data={"state": ["", request.state], "utilities": [rule.code for rule, _ in wanted]},
    )
    return request


def _wanted(needs: Mapping[str, str], kind: str, day: dt.date) -> list[tuple[utility_data.Utility, str]]:
    given = {code: need.strip() for code, need in needs.items() if need.strip()}
    found = [(rule, given[rule.code]) for rule in utility_data.utilities(day) if rule.code in given]
    if not found:
        raise DomainError("needs", "请至少选择一项，并填写需求。")
    if kind == UtilityKind.TEMPORARY and any(not rule.is_temporary for rule, _ in found):
        raise DomainError("temporary", "临时接入只办理用水和用电，请把其他项放在正式报装中。")
    return found


@transaction.atomic
def accept_request(request_id: int, *, by: User, at: dt.datetime | None = None) -> UtilityRequest:
    """Accept for all utilities at once (一窗受理).

    Effects in order: the utilities are involved; the matter of the plan and those of the utilities follow; the clock of
    the one reply and one clock per utility start; 受理回执; events. A second call returns what stands. Raises
    `NotAllowed`.
    """
    request = lock_request(request_id)
    if request.state == RequestState.ACCEPTED:
        return request
    require(utility_rules.can_accept_utilities, by, request)
    check_follows(at, request)
    moment, project = at or timing.now(), request.project
    lines = [line for line in lines_of(request) if line.state == LineState.REGISTERED]
    for body in {line.body_id: line.body for line in lines}.values():
        involve(project, role=InvolvementRole.REVIEWER, by=by, organisation=body, at=at)
    formal = request.kind == UtilityKind.FORMAL
    case = free_case(project, JOINT) if formal else None
    days = case.promised_days if case else utility_data.term("reply", timing.business_day(moment))
    request.clock = clocks.start_clock(
        kind=ClockKind.JOINT, limit=days, on=moment, project=project, label="联合报装一次答复"
    )
    request.case, request.accepted_by, request.accepted_at = case, by, moment
    if case is not None:
        take_over(case, request.clock, by=by, at=moment)
    matters = {rule.code: rule.matter for rule in utility_data.utilities(timing.business_day(moment))}
    for line in lines:
        line.clock = clocks.start_clock(
            kind=ClockKind.OTHER, limit=line.limit, on=moment, project=project, label=f"{line.name}接入"
        )
        line.case = _follow(request, line, matters.get(line.code, ""), by=by, at=moment) if formal else None
        move_line(line, "accept", by=by, at=moment, words="已受理")
    step_request(request, "accept", by=by, at=moment, words=f"联合报装受理，{days} 个工作日内一次答复")
    _receipt(request, lines, by=by, at=moment)
    return request


def _follow(request: UtilityRequest, line: UtilityLine, matter: str, *, by: User, at: dt.datetime) -> MatterCase | None:
    """The case of the utility's own matter; two utilities of one matter (water and drainage) share it."""
    shared = request.lines.filter(case__matter__matter__code=matter).exclude(pk=line.pk).first()
    if shared is not None:
        return shared.case
    case = free_case(request.project, matter)
    if case is not None:
        take_over(case, line.clock, by=by, at=at)
    return case


# One survey ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def appoint_survey(
    request_id: int, *, by: User, on: dt.date, place: str, at: dt.datetime | None = None
) -> UtilityRequest:
    """Fix the day and place of the one survey for all utilities (一同踏勘), or move it.

    Raises `NotAllowed`, `DomainError` (`survey_day`, `surveyed`).
    """
    request = lock_request(request_id)
    require(utility_rules.can_lead, by, request)
    check_follows(at, request)
    moment = at or timing.now()
    if request.surveyed_on is not None:
        raise DomainError("surveyed", "联合踏勘已经完成，不再改期。")
    if on < timing.business_day(request.accepted_at or moment):
        raise DomainError("survey_day", "踏勘日期不能早于受理，请核对日期。")
    request.survey_on, request.survey_place = on, (place.strip() or request.site)[:200]
    request.save()
    for line in lines_of(request):
        if line.state == LineState.ACCEPTED:
            move_line(line, "appoint", by=by, at=moment, words=f"{timing.written(on)}踏勘")
    record(
        "utility.survey_appointed", subject=request, project=request.project, by=by, at=at,
        summary=f"约定联合踏勘：{timing.written(on)}，{request.survey_place}",
        data={"on": str(on), "last": str(survey_by(request))},
    )
    return request


def survey_by(request: UtilityRequest) -> dt.date:
    """Return the last day on which the survey should be held."""
    day = timing.business_day(request.accepted_at or request.opened_at)
    return workdays.due_date(day, utility_data.term("survey", day))


@transaction.atomic
def record_survey(
    request_id: int, *, by: User, on: dt.date, note: str, seen: Mapping[str, Seen], at: dt.datetime | None = None
) -> UtilityRequest:
    """Record the survey: who came and what was found. Who did not come answers all the same, and is named.

    Raises `NotAllowed`, `DomainError` (`survey_day`, `future`, `nobody`).
    """
    request = lock_request(request_id)
    if request.surveyed_on is not None:
        return request
    require(utility_rules.can_lead, by, request)
    check_follows(at, request, *lines_of(request))
    moment = at or timing.now()
    if on > timing.business_day(moment):
        what = "今天" if at is None else "实际办理时间"
        raise DomainError("future", f"踏勘日期{timing.written(on)}晚于{what}，请在踏勘后登记。")
    if on < timing.business_day(request.accepted_at or moment):
        raise DomainError("survey_day", "踏勘日期不能早于受理，请核对日期。")
    lines = [line for line in lines_of(request) if line.state in (LineState.ACCEPTED, LineState.SURVEY)]
    if not any(seen.get(line.code, Seen(False)).came for line in lines):
        raise DomainError("nobody", "没有一家单位到场，请改期后再踏勘。")
    request.surveyed_on, request.survey_record = on, note.strip()[:1000]
    request.save()
    for line in lines:
        row = seen.get(line.code, Seen(False))
        line.came, line.surveyor, line.finding = row.came, row.surveyor.strip()[:60], row.finding.strip()[:500]
        move_line(line, "begin_answer", by=by, at=moment, words="踏勘完成" if row.came else "缺席踏勘")
    absent = [line.name for line in lines if not line.came]
    record(
        "utility.surveyed", subject=request, project=request.project, by=by, at=at,
        summary=f"联合踏勘完成{'，缺席：' + '、'.join(absent) if absent else ''}",
        data={"on": str(on), "absent": [line.code for line in lines if not line.came]},
    )
    return request


# One reply -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def answer_line(  # noqa: PLR0913 - the fields of the scheme
    line_id: int, *, by: User, access_point: str, scheme: str, items: Sequence[Quoted], has_outside_works: bool = False,
    owner_works: str = "", at: dt.datetime | None = None,
) -> UtilityLine:
    """Write scheme and itemised quote of one utility; they go out with the one reply.

    Raises `NotAllowed`, `DomainError` (`scheme`, `item`, `outside_free`).
    """
    line = lock_line(line_id)
    require(utility_rules.can_answer_line, by, line)
    check_follows(at, line)
    if not access_point.strip() or not scheme.strip():
        raise DomainError("scheme", "请写明接入点和接入方案。")
    for item in items:
        if not item.name.strip() or item.quantity <= 0 or item.unit_price < 0:
            raise DomainError("item", "报价明细须有名称、数量和单价，数量大于 0，单价不小于 0。")
        if line.is_outside_free and item.side == LineSide.OUTSIDE and item.amount > 0:
            raise DomainError("outside_free", f"{line.name}红线外不收费，{quoted(item.name)}不能列入报价。")
    moment = at or timing.now()
    line.items.all().delete()
    for order, item in enumerate(items, 1):
        UtilityQuoteItem.objects.create(
            line=line, order=order, name=item.name.strip()[:100], side=LineSide(item.side), quantity=item.quantity,
            unit=item.unit.strip()[:10], unit_price=item.unit_price, amount=item.amount,
        )
    line.access_point, line.scheme = access_point.strip()[:200], scheme.strip()[:1000]
    line.has_outside_works, line.owner_works = has_outside_works, owner_works.strip()[:500]
    line.total = sum((item.amount for item in items), Decimal("0.00"))
    line.answered_by, line.answered_at, line.changed_at, line.objection = by, moment, moment, ""
    line.save()
    record(
        "utility.answered", subject=line, project=line.request.project, by=by, at=at,
        summary=f"{line.name}接入方案已拟定，报价 {line.total} 元",
        data={"total": str(line.total), "items": len(items)},
    )
    return line


@transaction.atomic
def send_reply(request_id: int, *, by: User, at: dt.datetime | None = None) -> UtilityRequest:
    """Send the one reply: every scheme and quote that is written, in one paper (一次答复).

    A utility that has not answered does not hold the others: it is named in the paper and answers by a supplement, for
    which this is called again. Effects in order: paper; the lines wait for the owner, and their clocks stand (企业); a
    utility of one step without a charge needs no answer and goes on; the matter 联合报装 is decided. Raises
    `NotAllowed`, `DomainError` (`nothing_to_send`).
    """
    request = lock_request(request_id)
    require(utility_rules.can_lead, by, request)
    moment = at or timing.now()
    lines = lines_of(request)
    ready = [line for line in lines if line.state == LineState.ANSWERING and line.answered_at is not None]
    late = [line for line in lines if line.is_before_reply and line.answered_at is None]
    if not ready:
        raise DomainError("nothing_to_send", "没有已拟定、待发出的接入方案，请等公用企业答复。")
    check_follows(at, request, *lines)
    check_after(at, max(line.answered_at for line in ready if line.answered_at), "拟定方案")
    _reply_paper(request, ready, late, by=by, at=moment)
    for line in ready:
        if line.steps == 1 and not line.total:
            go_on(line, by=by, at=moment, words="无需缴费，不再确认")
        else:
            move_line(line, "ask_owner", by=by, at=moment, words="待企业确认")
    if request.replied_at is None and not late:
        request.replied_at = moment
        if request.clock is not None and request.clock.is_live:
            clocks.stop_clock(request.clock, counted_at(at))
    request.save()
    record(
        "utility.replied", subject=request, project=request.project, by=by, at=at,
        summary=f"联合报装一次答复：{'、'.join(line.name for line in ready)}"
        + (f"；未答复：{'、'.join(line.name for line in late)}" if late else ""),
        data={"sent": [line.code for line in ready], "late": [line.code for line in late]},
    )
    if request.case is not None and not late:
        request.case.project = request.project
        conclude_case(request.case, by=by, at=moment, note="接入方案已一次答复")
    fill_lines(request.project, at=at)
    return request


@transaction.atomic
def confirm_quote(
    line_id: int, *, by: User, agrees: bool, note: str = "", at: dt.datetime | None = None
) -> UtilityLine:
    """The owner agrees to scheme and quote, or says what it does not agree to; then they are written anew.

    Agreed, what is to be paid joins the list of fees. A second agreement changes nothing. Raises `NotAllowed`,
    `DomainError` (`objection`).
    """
    line = lock_line(line_id)
    if agrees and line.confirmed_at is not None and line.state != LineState.ASKED:
        return line
    require(utility_rules.can_confirm, by, line)
    moment = at or timing.now()
    if not agrees:
        if not note.strip():
            raise DomainError("objection", "不同意方案或报价时，请写明不同意哪一条、希望怎样改。")
        line.objection, line.answered_at, line.confirmed_at = note.strip()[:500], None, None
        line.total = None
        move_line(line, "object_to", by=by, at=moment, words=f"企业不同意：{line.objection}")
        return line
    line.confirmed_by, line.confirmed_at = by, moment
    go_on(line, by=by, at=moment, words="企业已确认方案和报价")
    charge_quote(line, by=by, at=moment)
    return line


# Papers --------------------------------------------------------------------------------------------------------------


def _receipt(request: UtilityRequest, lines: Sequence[UtilityLine], *, by: User, at: dt.datetime) -> None:
    due = paperwork.due_words(clocks.read_clock(request.clock))
    rows = [[line.name, line.need, line.body.label, f"{line.steps} 个环节", f"{line.limit} 个工作日"] for line in lines]
    paperwork.write(
        PaperKind.UTILITY_RECEIPT, request.project, subject=request, issuer=request.project.centre, by=by, at=at,
        what=f"已受理联合报装 {request.number}：{'、'.join(line.name for line in lines)}",
        do="等待联合踏勘的约定日期，请安排人员到场", when=f"{due}前一次答复接入方案和报价",
        paragraphs=[
            f"{paperwork.day(timing.business_day(at))}受理你单位的联合报装申请，接入地点：{request.site}。",
            "各项分别计时，任何一项不影响其他项；企业确认报价和红线内自建的时间不计入公用企业时限。",
        ],
        table={"caption": "报装事项", "head": ["项目", "需求", "承办单位", "环节", "承诺时限"], "rows": rows},
    )


def _reply_paper(
    request: UtilityRequest, ready: Sequence[UtilityLine], late: Sequence[UtilityLine], *, by: User, at: dt.datetime
) -> None:
    rows = []
    for line in ready:
        items = list(line.items.all())
        rows += [
            [line.name, item.name, item.get_side_display(), f"{item.quantity.normalize():f} {item.unit}",
             f"{item.unit_price}", f"{item.amount}"] for item in items
        ]
        rows.append([line.name, "小计" if items else "不收费", "", "", "", f"{line.total}"])
    schemes = [
        f"{line.name}（{line.body.label}）：接入点 {line.access_point}；{line.scheme}"
        + (f"；企业自建（红线内）：{line.owner_works}" if line.owner_works else "") + "。" for line in ready
    ]
    names = "、".join(line.name for line in late)
    missing = [f"以下项目尚未答复，答复后另行补充，不影响上述各项办理：{names}。"] if late else []
    whole = not late and request.case is not None
    paperwork.write(
        PaperKind.UTILITY_REPLY, request.project, subject=request, issuer=request.project.centre, by=by, at=at,
        slug=request.case.matter.result_kind.slug if whole and request.case else "",
        what=f"联合报装 {request.number} 接入方案和报价：{'、'.join(line.name for line in ready)}",
        do="逐项核对方案和报价，同意的确认，不同意的写明意见", when="确认前不施工、不收费；确认期间不计入公用企业时限",
        paragraphs=[*schemes, *missing], table={
            "caption": "报价明细（元）", "head": ["项目", "内容", "红线", "数量", "单价", "金额"], "rows": rows,
        },
    )
