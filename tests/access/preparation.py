"""What is prepared before a permit: the pool, a consultation, an assessment."""

import datetime as dt
import json
from decimal import Decimal
from types import SimpleNamespace

from archives.services.delivery import sign_for
from packages.models import DuplicatePair, Gap, LandList, OffListItem, ServicePlan, StandardLand
from packages.services import assessment_register as register
from packages.services import consultation, consultation_minutes, consultation_survey, service_plan
from packages.services.one_book import open_book
from projects import timing
from projects.states import Role
from tests import factories
from tests.packages import appraisal_steps as steps


def pool(project, actors):
    """The project in the pool with a signed appraisal and a gap, and another one that looks like it."""
    entry = steps.entered(actors, project, parcel="GP-1")
    signed = steps.opened(actors, entry)
    steps.score(signed, {**steps.FULL, "land": 1})
    steps.sign(actors, signed)
    steps.entered(actors, parcel="GP-1")
    gap = Gap.objects.get(issue__project=project)
    return {"entry": entry, "appraisal": signed, "score_task": steps.task_of(signed, "energy"), "gap": gap,
            "pair": DuplicatePair.objects.get()}


def consulted(actors):
    """A consultation whose list was signed, with a unit and something off the list; one that is called, not held."""
    project = factories.enrolled_project(actors, "S3")
    body, reviewer = factories.organisation("housing"), factories.official("housing", Role.REVIEWER)
    now = timing.now()
    ago = now - dt.timedelta(days=7)
    same = {"agenda": "会商", "unit_ids": [body.pk], "early_reason": "开工急", "by": actors.director}
    row = consultation.convene(project.pk, at=ago, **same)
    consultation.invite(
        row.pk, by=actors.director, survey_at=now - dt.timedelta(hours=2), survey_place="南门",
        meets_at=now - dt.timedelta(hours=1), meeting_place="会议室", at=ago,
    )
    consultation.open_survey(row.pk, by=actors.director)
    unit = consultation_survey.sign_in(row.token, by=reviewer)
    unit.checks.all().delete()
    consultation_survey.confirm(unit.pk, by=reviewer)
    consultation.begin_meeting(row.pk, by=actors.director, note="平整")
    consultation_minutes.sign_minutes(row.pk, by=actors.director, text="纪要")
    plan = service_plan.tell_plan(ServicePlan.objects.get(consultation=row).pk, by=actors.director, edit=0)
    sign_for(plan.notice_paper_id, by=actors.owner)
    item = OffListItem.objects.create(
        project=project, consultation=row, kind="matter", code="x", name="占道", cause="law", reason="a", basis="b",
        proposed_by=actors.clerk, proposed_at=now,
    )
    called = consultation.convene(factories.enrolled_project(actors, "S3").pk, **same)
    return {"consultation": SimpleNamespace(pk=row.pk), "sign_in": row, "consultation_unit": unit, "service_plan": plan,
            "off_list_item": item, "called": SimpleNamespace(pk=called.pk)}


def assessment(project, actors):
    """An area with a planned result, a land list and standard land of the project, a combined report with a chapter."""
    body, keeper = factories.organisation("devzone"), factories.official("devzone", Role.REVIEWER)
    ring = [[112.9, 35.8], [112.92, 35.8], [112.92, 35.82], [112.9, 35.82], [112.9, 35.8]]
    area = register.register_unit(
        code="GP-KFQ-01", name="高平经开区", keeper=body, region=body.region, by=keeper,
        boundary=json.dumps({"type": "Polygon", "coordinates": [ring]}),
    )
    now = timing.now()
    same = {"keeper": body, "parcel": "GP2026-07", "name": "经开区七号地", "area": Decimal(3), "project": project}
    land = LandList.objects.create(**same, state="handed", due_on=timing.today(), made_at=now, handed_at=now)
    item = land.items.create(order=1, topic="relics", name="文物", department=factories.organisation("heritage"))
    book = open_book(project.pk, by=actors.clerk, codes=["soil"])
    return {
        "clause": book.clauses.create(chapter=book.chapters.get(), order=1, text="达标", check_on=timing.today()),
        "area": area, "area_result": register.propose_result(area.pk, item="soil", way="exempt", by=keeper),
        "land_list": land, "land_item": item, "book": book, "chapter": book.chapters.get(),
        "standard": StandardLand.objects.create(**same, state="sold", sold_on=timing.today(), changed_at=now),
    }
