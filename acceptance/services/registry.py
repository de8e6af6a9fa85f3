"""房证同交: survey, conclusion and pre-filled first registration go to the registry as one package (handbook §8.6)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from acceptance import after_rules
from acceptance.models import RegistryHandover
from acceptance.services.application import lock_acceptance
from acceptance.services.survey import shared_survey_of
from acceptance.states import AcceptanceState, HandoverState
from archives.models import Paper
from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind
from packages.models import MatterCase
from packages.states import CaseState
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.services.involvement import involve
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from acceptance.models import AcceptanceApplication, JointSurvey
    from projects.models import User

REGISTER_MATTER = "house-register"


def _register_case(acceptance: AcceptanceApplication) -> MatterCase | None:
    found = MatterCase.objects.filter(project=acceptance.project, matter__matter__code=REGISTER_MATTER)
    lost = [CaseState.FAILED, CaseState.WITHDRAWN, CaseState.REVOKED]
    return found.exclude(state__in=lost).select_related("lead").last()


def prefill_of(acceptance: AcceptanceApplication, survey: JointSurvey) -> dict[str, Any]:
    """Return the form of the first registration, filled from what the portal holds; nothing is typed again."""
    project = acceptance.project
    papers = Paper.objects.filter(project=project, kind=PaperKind.CERTIFICATE).order_by("pk")
    return {
        "right_holder": project.owner.name, "uscc": project.owner.uscc, "project": project.name, "code": project.code,
        "address": project.address,
        "certificates": [f"{title} {number}" for title, number in papers.values_list("title", "number")][:20],
        "buildings": [
            {"name": row.building.name, "floors": row.building.floors, "area": str(row.total), "above": str(row.above),
             "below": str(row.below)}
            for row in survey.buildings.select_related("building")
        ],
        "surveyor": survey.surveyor.name, "surveyed_on": str(survey.surveyed_on),
    }


@transaction.atomic
def hand_over(
    acceptance_id: int, *, by: User, keys_on: dt.date | None = None, at: dt.datetime | None = None
) -> RegistryHandover:
    """Hand survey, conclusion and pre-filled first registration to the registry as one package. Twice is once.

    Effects: `RegistryHandover` with the frozen form, 房证同交移交单 that the owner signs for, the registry sees the
    project, event `registry.handed`. Errors: not passed, no shared survey, no registration in the plan, a paper that
    should have followed is late.
    """
    acceptance = lock_acceptance(acceptance_id)
    standing = RegistryHandover.objects.filter(acceptance=acceptance).first()
    if standing is not None:
        return standing
    require(after_rules.can_hand_over, by, acceptance)
    check_follows(at, acceptance, *acceptance.make_ups.all())
    case, survey = _register_case(acceptance), shared_survey_of(acceptance.project)
    if case is None:
        raise DomainError("nothing_to_register", "本项目的计划没有不动产首次登记，不需要房证同交。")
    if survey is None:
        raise DomainError("not_surveyed", "还没有共享的多测合一成果，不能移交。")
    conclusion = Paper.objects.filter(
        project=acceptance.project, kind=PaperKind.CONCLUSION, subject_type=acceptance._meta.label,
        subject_key=str(acceptance.pk),
    ).latest("pk")
    moment = at or timing.now()
    made = RegistryHandover.objects.create(
        acceptance=acceptance, registry=case.lead, survey=survey, conclusion=conclusion, case=case,
        prefill=prefill_of(acceptance, survey), is_deferred=acceptance.state == AcceptanceState.PASSED_DEFERRED,
        handed_at=moment, handed_by=by, keys_on=keys_on,
    )
    made.paper = _paper(made, by=by, at=at)
    made.save()
    involve(acceptance.project, role=InvolvementRole.REVIEWER, organisation=case.lead, by=by, at=at)
    _tell(made, "registry.handed", f"房证同交材料移交{case.lead.label}", "", by=by, at=at)
    return made


def _tell(made: RegistryHandover, kind: str, summary: str, old: str, *, by: User, at: dt.datetime | None) -> None:
    record(
        kind, subject=made, project=made.acceptance.project, by=by, at=at, summary=summary[:300],
        data={"state": [old, made.state]},
    )


def _paper(made: RegistryHandover, *, by: User, at: dt.datetime | None) -> Paper:
    project, form = made.acceptance.project, made.prefill
    mark = "（容缺通过，后补材料见意见书）" if made.is_deferred else ""
    content: dict[str, Any] = {
        "addressee": project.owner.name,
        "gist": {
            "project": f"{project.name}（{project.code}）", "what": "房证同交材料一次移交不动产登记",
            "do": "到登记机构核对预填信息，不用再交测绘和验收材料", "when": "即日起",
        },
        "paragraphs": [f"测绘成果、验收意见书、首次登记预填表一并移交{made.registry.label}{mark}。"],
        "tables": [
            {"caption": "移交内容", "head": ["材料", "编号或日期"], "rows": [
                ["多测合一成果报告", form["surveyed_on"]], ["竣工联合验收意见书", made.conclusion.number],
                ["首次登记预填表", str(timing.business_day(made.handed_at))]]},
            {"caption": "首次登记预填", "head": ["项目", "内容"], "rows": [
                ["权利人", form["right_holder"]], ["统一社会信用代码", form["uscc"]],
                ["坐落", form["address"] or "—"]]},
            {"caption": "单体面积（m²）", "head": ["单体", "层数", "地上", "地下", "合计"], "rows": [
                [row["name"], str(row["floors"] or "—"), row["above"], row["below"], row["area"]]
                for row in form["buildings"]]},
        ],
        "legal": [],
    }
    return issue_paper(
        project, kind=PaperKind.REGISTRY_HANDOVER, series="房证", title="房证同交移交单", issuer=project.centre,
        content=content, subject=made, by=by, document_kind_slug=paper_slug(PaperKind.REGISTRY_HANDOVER), at=at,
    )


def _lock(handover_id: int) -> RegistryHandover:
    pk = RegistryHandover.objects.values_list("acceptance__project_id", flat=True).get(pk=handover_id)
    project = lock_project(pk)
    rows = RegistryHandover.objects.select_for_update(of=("self",)).select_related("acceptance", "registry", "case")
    made = rows.get(pk=handover_id)
    made.acceptance.project = project
    return made


@transaction.atomic
def receive(handover_id: int, *, by: User, at: dt.datetime | None = None) -> RegistryHandover:
    """The registry takes the package. Twice is once."""
    made = _lock(handover_id)
    if made.state != HandoverState.HANDED:
        return made
    require(after_rules.can_receive, by, made)
    check_follows(at, made)
    old = made.state
    made.receive()
    made.received_at, made.received_by = at or timing.now(), by
    made.save()
    _tell(made, "registry.received", f"{made.registry.label}接收房证同交材料", old, by=by, at=at)
    return made


@transaction.atomic
def note_dates(
    handover_id: int, *, by: User, keys_on: dt.date | None = None, registered_on: dt.date | None = None,
    certificate: str = "", at: dt.datetime | None = None,
) -> RegistryHandover:
    """Write down the day of the keys (the owner's) or of the certificate (the registry's); the two stand side by side.

    Errors: a registration in the future, or one without the number of its certificate.
    """
    made = _lock(handover_id)
    check_follows(at, made)
    if keys_on is not None:
        require(after_rules.can_note_keys, by, made)
        made.keys_on = keys_on
    old = made.state
    if registered_on is not None:
        require(after_rules.can_note_registered, by, made)
        if registered_on > timing.business_day(at or timing.now()):
            what = "今天" if at is None else "实际办理时间"
            raise DomainError("future", f"领证日期晚于{what}，请核对。")
        if not certificate.strip():
            raise DomainError("certificate_missing", "请填写不动产权证号。")
        made.register()
        made.registered_on, made.certificate = registered_on, certificate.strip()
    made.save()
    words = f"交房日 {made.keys_on or '未定'}，领证日 {made.registered_on or '未领'}"
    if made.state != old:
        _tell(made, "registry.registered", f"首次登记完成：{words}", old, by=by, at=at)
    else:
        record("registry.keys", subject=made, project=made.acceptance.project, by=by, at=at, summary=words)
    return made
