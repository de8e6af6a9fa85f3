"""The one-time notice: what to tell about an application or a case, with a line for each paper that is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from packages import rules
from packages.case_data import reasons_today
from packages.consultation_states import PLAN_LIVE
from packages.listing import listed_of
from packages.models import Application, MatterCase, OneTimeNotice, ServicePlan
from packages.screens.intake import intake_page
from packages.services.correction import notices_of
from packages.states import CaseState
from packages.wording import for_browser
from projects import prepared
from projects.errors import Verdict
from projects.models import User
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.db.models import QuerySet

BASIS_LENGTH = 80


@dataclass(frozen=True, slots=True)
class NoticePage:
    """The page of a notice."""

    title: str
    kind: str
    word: str
    application: Application | None
    case: MatterCase | None
    cases: tuple[MatterCase, ...]
    verdict: Verdict
    suggestions: tuple[dict[str, str], ...]
    back: str
    reasons: tuple[tuple[str, str], ...]
    asks_material: bool
    """Whether the owner has signed for a list, so that a paper that is demanded has to stand on it."""

    @property
    def told_before(self) -> list[OneTimeNotice]:
        """The notices that these cases have had: a further one is booked to who gives it."""
        found = OneTimeNotice.objects.filter(case__in=[case.pk for case in self.cases])
        return list(found.select_related("case__matter", "given_by", "given_for").order_by("given_at"))

    @property
    def vague(self) -> str:
        """The words that the script flags while somebody types, as the page hands them over."""
        return json.dumps(for_browser(), ensure_ascii=False)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The cases as choices."""
        return [(str(case.pk), case.matter.name) for case in self.cases]

    def said(self, cases: Sequence[MatterCase], faults: int) -> str:
        """What is said once it is given: which notice of these cases it is, and in whose name a further one."""
        end = "告知书已出具，时限暂停。"
        if not self.reasons:
            return f"已一次性告知 {faults} 条问题，{end}"
        [last, *_] = OneTimeNotice.objects.filter(case__in=cases).select_related("given_for").order_by("-batch", "-pk")
        if last.batch == 1:  # on an application's page another of its cases was told before
            return f"已一次性告知 {faults} 条问题，{end}"
        return f"已再次告知 {faults} 条问题（第 {last.batch} 次告知），记入{last.given_for.label}和您名下；{end}"

    def told(self, faults: Iterable[Mapping[str, object]]) -> list[int]:
        """The cases that these faults belong to; a fault without a case belongs to all."""
        named = {str(fault.get("case_id") or "") for fault in faults}
        return [case.pk for case in self.cases if "" in named or str(case.pk) in named]


def of_application(application: Application, user: User) -> NoticePage:
    """The notice of the window on everything that an application lacks."""
    page = intake_page(application, user)
    cases = tuple(entry.case for entry in page.cases if entry.case.state == CaseState.RECEIVED)
    missing = {line.item.name: line.item for line in page.missing if line.item.case in cases}
    reasons = _reasons(any(notices_of(case) for case in cases))
    return NoticePage(
        _title(application.number, reasons), "completion", "补全", application, None, cases, page.notice,
        tuple(_suggestion(name, item.case) for name, item in missing.items()),
        reverse("packages:application", args=[application.pk]), reasons,
        bool(cases) and listed_of(application.project) is not None,
    )


def of_case(case: MatterCase, user: User) -> NoticePage:
    """The notice on one case: of the window before acceptance, of the department afterwards."""
    before = case.state == CaseState.RECEIVED or case.waits_for_completion
    kind, word = ("completion", "补全") if before else ("correction", "补正")
    others_wait, was_told, has_plan = prepared.flags("before a notice", _before_notice, case.pk, case.project_id)
    back = reverse("packages:case", args=[case.pk])
    if before and others_wait:
        back = reverse("packages:application", args=[case.application_id])  # the others wait to be accepted
    reasons = _reasons(was_told)
    return NoticePage(
        _title(case.matter.name, reasons), kind, word, None, case, (case,), rules.can_notice(user, case), (),
        back, reasons, has_plan and listed_of(case.project) is not None,
    )


def _before_notice(case_id: int, project_id: int) -> list[QuerySet[Any, Any]]:
    """Other received cases of the application; notices that the case has had; the plan with the list."""
    own = MatterCase.objects.filter(pk=case_id, application__isnull=False)
    others = MatterCase.objects.filter(application__in=own.values("application"), state=CaseState.RECEIVED)
    return [
        others.exclude(pk=case_id), OneTimeNotice.objects.filter(case=case_id),
        ServicePlan.objects.filter(project=project_id, state__in=PLAN_LIVE),
    ]


def _reasons(was_told: bool) -> tuple[tuple[str, str], ...]:  # noqa: FBT001 - whether there is anything to choose
    """The reasons to choose from where one of the cases was told faults before."""
    return tuple(reasons_today().items()) if was_told else ()


def _title(of: str, reasons: Sequence[object]) -> str:
    """The first notice tells everything at once; a further one says that it is one."""
    return f"{'再次' if reasons else '一次性'}告知：{of}"


def _suggestion(name: str, case: MatterCase) -> dict[str, str]:
    """A fault for a paper that is missing; the clerk may change every word."""
    basis = case.matter.legal_basis.split("；")[0][:BASIS_LENGTH]
    return {
        "case_id": str(case.pk), "what": f"缺少{quoted(name)}", "basis": basis,
        "how_to_fix": f"提交{quoted(name)}，加盖申请单位公章",
    }
