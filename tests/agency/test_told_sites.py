"""Inspections and changes of a credit archive are told to those whom they concern, a legal notice to its addressee."""

import datetime as dt

import pytest

from acceptance.models import Inspection
from acceptance.services import inspections
from agency.models import Notification
from projects import credit_data, timing
from projects.models import CreditRecord, Organisation, WorkUnit
from projects.services import credit
from projects.states import Role
from tests import factories


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse with its plan."""
    return kept_warehouse


def told(kind):
    """Who was told what, and why, since the last look; a second look at the outbox adds nothing."""
    factories.drain()
    factories.drain()
    rows = list(
        Notification.objects.filter(kind=kind).order_by("user__username").values_list("user__username", "text", "why")
    )
    Notification.objects.all().delete()
    return rows


def test_an_inspection_is_told_to_both_sides_and_its_end_to_the_owner(project, actors, clock):
    housing = factories.official("housing", Role.REVIEWER)
    row = inspections.ask_visit(
        WorkUnit.objects.get(project=project).pk, by=housing, wanted_on=dt.date(2026, 11, 10), purpose="临边防护",
        organisation_id=Organisation.objects.get(code="housing").pk, reason_code="complaint", reason="群众反映",
    )
    told("meeting")
    inspections.notify(row.pk, by=housing, slot_on=dt.date(2026, 11, 12))
    text = f"{project.name} 通知{row.title}：11月12日"
    assert told("meeting") == [
        ("owner", text, "请安排人员到场"), ("owner-staff", text, "请安排人员到场"), ("reviewer", text, "请贵部门派人到场"),
    ]
    inspections.decline(row.pk, by=actors.owner, slot_on=dt.date(2026, 11, 13), reason="停电")
    assert [(name, why) for name, _, why in told("meeting")] == [
        ("owner-staff", "请安排人员到场"), ("reviewer", "请贵部门派人到场"), ("reviewer-housing", "请贵部门派人到场"),
    ]
    assert Inspection.objects.get(pk=row.pk).refusals == 1


def test_a_record_is_told_to_the_enterprise_and_its_objection_to_the_director(project, actors, clock):
    official = factories.official("housing", Role.REVIEWER)
    rule = next(one.code for one in credit_data.rules(timing.today()) if one.kind == "bad")
    row = credit.record_conduct(
        actors.owner_body.pk, by=official, rule=rule, detail="提供虚假材料", basis="信用办法第 5 条",
        happened_on=timing.today(), project_id=project.pk,
    )
    rows = told("credit")
    assert [(name, why) for name, _, why in rows] == [
        ("owner", "贵单位的信用档案有变化"), ("owner-staff", "贵单位的信用档案有变化"),
    ]
    assert row.name in rows[0][1]
    credit.contest_record(row.pk, by=actors.owner, objection="材料是真的")
    assert [name for name, _, _ in told("ask")] == ["director"]
    credit.answer_record(row.pk, by=actors.director, holds=False, answer="核实无误")
    assert [name for name, _, _ in told("credit")] == ["owner", "owner-staff"]
    assert CreditRecord.objects.get().state == "excused"


def test_a_legal_notice_stands_in_its_own_list_and_is_sent_whatever_is_switched_off(project, actors, clock):
    factories.accepted(project, ["wage-deposit"], actors)
    factories.drain()
    notes = Notification.objects.filter(kind="legal", user=actors.owner)
    assert notes.exists()
    assert notes.first().url.endswith("/sign/")
    assert not Notification.objects.visible_to(actors.owner).unread().filter(kind="legal").exists()
