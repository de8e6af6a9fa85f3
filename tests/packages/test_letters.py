"""Letters in lieu of a certificate: taken while they hold, compared field by field, converted once."""

import datetime as dt

import pytest
from django.urls import reverse

from packages.models import Letter, MaterialItem, MatterCase
from packages.screens.living import letter_page
from packages.services import letters
from packages.services.intake import accept_case
from packages.tasks import sweep_conditional
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from projects.states import Role
from tests import factories
from tests.packages.living_steps import force, keyed_in, refused, roles

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_letter_that_ran_out_yesterday_is_taken_nowhere(clock, actors, kept_letter):
    project, letter = kept_letter
    [case] = factories.received(project, ["pile-permit"], actors)
    [other] = factories.received(project, ["soil-plan"], actors)
    line = MaterialItem.objects.get(case=case, kind__slug="letter-cert")
    assert line.state == "letter"
    stranger = MaterialItem.objects.filter(case=other).first()
    assert refused("letter_not_listed", letters.use_letter, stranger.pk, letter_id=letter.pk, by=actors.clerk).endswith(
        f"不能用于“{other.matter.name}”，请提供正式证件。"
    )
    form = MaterialItem.objects.get(case=case, kind__slug="application-form")
    refused("letter_kind", letters.use_letter, form.pk, letter_id=letter.pk, by=actors.clerk)
    clock.to(letter.valid_until + dt.timedelta(days=1))
    MatterCase.objects.filter(pk=case.pk).update(intake_clock=None)  # the five days of intake are another matter
    told = refused("letter_lapsed", letters.use_letter, form.pk, letter_id=letter.pk, by=actors.clerk)
    assert told == (
        f"用地规划意见函{letter.paper.number}已于 11月2日到期，不能再用。请提供正式证件，或请自然资源局重新出函。"
    )
    with pytest.raises(DomainError) as error:  # no sweep has come by: the day speaks
        accept_case(case.pk, by=actors.clerk)
    assert error.value.code in {"letter_lapsed", "materials"}
    sweep_conditional()
    line.refresh_from_db()
    assert (line.state, line.document, line.note) == (
        "missing", None, "原用的用地规划意见函已于2027年11月2日到期，请提供正式证件",
    )


def test_a_grant_that_stands_on_a_letter_asks_the_day(clock, actors, kept_letter):
    project, letter = kept_letter
    case = factories.in_review(project, "pile-permit", actors)
    factories.answer_all(case)
    factories.merge(case)
    Letter.objects.filter(pk=letter.pk).update(
        valid_from=dt.date(2026, 10, 1), valid_until=timing.today() - dt.timedelta(days=1)
    )
    refused("letter_lapsed", factories.decide, case)
    assert factories.fresh(case).state == "in_review"


def test_a_letter_is_compared_field_by_field_before_it_is_converted(clock, actors, kept_letter):
    project, letter = kept_letter
    stated = {field["key"]: field["value"] for field in letter.fields}
    assert (stated["site_area"], stated["gross_floor_area"], stated["owner"]) == (
        "51000", "152000", actors.owner_body.name,
    )
    assert "plan-permit" in letter.formal
    assert letter_page(letter, actors.clerk).why_until == (
        f"自{timing.written(letter.valid_from)}起 365 日，按日历计算（本系统的建议：可用事项、有效期和换发事项以本地规定为准）；"
        "到期当日仍有效，次日失效；到期前 15、5 个工作日提醒。"
    )
    lead = factories.official("natural-resources", Role.CHIEF)
    refused("no_formal", letters.convert_letter, letter.pk, by=lead, values=stated)
    force(project, *MatterCase.objects.get(project=project, matter__matter__code="plan-permit").matter.prerequisites
          .values_list("matter__code", flat=True))
    clock.by(days=7)
    factories.pass_matter(project, "plan-permit", actors)
    assert roles(project) == [("自然资源局", "核对换发", "“用地规划意见函”", None)]
    with pytest.raises(NotAllowed, match="首席代表确认"):
        letters.convert_letter(letter.pk, by=factories.official("natural-resources", Role.REVIEWER), values=stated)
    bigger = stated | {"gross_floor_area": "160000", "height": "79.60"}
    told = refused("letter_differs", letters.convert_letter, letter.pk, by=lead, values=bigger, reason="扩大")
    assert "总建筑面积：函为152000平方米，正式证件为160000平方米" in told
    refused("values", letters.convert_letter, letter.pk, by=lead, values=stated | {"site_area": " "})
    near = stated | {"gross_floor_area": "153000", "project_name": "丹河新城 A-09"}
    refused("reason", letters.convert_letter, letter.pk, by=lead, values=near)
    for _ in range(2):
        letters.convert_letter(letter.pk, by=lead, values=near, reason="面积复核，误差在允许范围内")
    letter.refresh_from_db()
    assert (letter.state, letter.formal_paper.title, letter.next_on) == ("converted", "建设工程规划许可证", None)
    assert {row["key"]: row["kind"] for row in letter.differences if row["kind"] != "same"} == {
        "gross_floor_area": "immaterial", "project_name": "immaterial",
    }
    assert (factories.fresh(letter.paper).state, roles(project)) == ("replaced", [])


def test_a_conversion_that_is_keyed_in_later_follows_the_certificate_and_revives_no_letter(clock, actors, kept_letter, client):
    project, letter = kept_letter
    formal = factories.make_case(project, "plan-permit")
    force(project, *formal.matter.prerequisites.values_list("matter__code", flat=True))
    factories.pass_matter(project, "plan-permit", actors)
    issued = letters.certificate_of(factories.fresh(formal)).issued_at
    given = issued + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=7))
    lead = factories.official("natural-resources", Role.CHIEF)
    stated = {field["key"]: field["value"] for field in letter.fields}
    told = refused("time_order", letters.convert_letter, letter.pk, by=lead, values=stated, at=issued - dt.timedelta(hours=1))
    assert told.startswith("补录的时间早于出具正式证件的时间（")
    Letter.objects.filter(pk=letter.pk).update(valid_until=timing.business_day(given))
    told = refused("letter_lapsed", letters.convert_letter, letter.pk, by=lead, values=stated, at=given)
    assert told.endswith("到期，不能再换发；请停用这份函，凭正式证件办理。")
    Letter.objects.filter(pk=letter.pk).update(valid_until=letter.valid_until)
    client.force_login(lead)
    url = reverse("packages:convert_letter", args=[letter.pk])
    posted = {f"field_{key}": value for key, value in stated.items()} | {"reason": "", "happened_at": keyed_in(given)}
    assert f'value="{posted["happened_at"]}"' in client.post(url, posted | {"look": "1"}).content.decode()
    bare = client.post(url, posted | {"field_site_area": "", "look": "1"}).context
    assert bare["form"].errors == {"field_site_area": ["请填写正式证件所载的用地面积。"]}
    assert [row.kind for row in bare["rows"] if row.kind != "same"] == ["material"]
    assert client.post(url, posted).status_code == 302
    letter.refresh_from_db()
    assert (letter.state, letter.converted_at) == ("converted", given)
    told = Event.objects.get(project=project, kind="letter.converted")
    assert (told.happened_at, told.recorded_at, told.late_days) == (given, timing.now(), 5)


def test_a_letter_that_is_used_before_it_is_keyed_in_was_issued_before(clock, actors, kept_letter, client):
    project, letter = kept_letter
    [case] = factories.received(project, ["pile-permit"], actors)
    line = MaterialItem.objects.get(case=case, kind__slug="letter-cert")
    MaterialItem.objects.filter(pk=line.pk).update(state="missing", document=None)
    given = timing.now() + dt.timedelta(hours=1)
    clock.to(given + dt.timedelta(days=4))
    refused(
        "time_order", letters.use_letter, line.pk, letter_id=letter.pk, by=actors.clerk,
        at=letter.paper.issued_at - dt.timedelta(hours=1),
    )
    client.force_login(actors.clerk)
    url = reverse("packages:use_letter", args=[line.pk])
    early = client.post(url, {"letter": letter.pk, "happened_at": keyed_in(case.received_at - dt.timedelta(hours=1))})
    assert (early.status_code, "补录的时间早于" in early.content.decode()) == (409, True)
    assert client.post(url, {"letter": letter.pk, "happened_at": keyed_in(given)}).status_code == 302
    line.refresh_from_db()
    assert (line.state, line.changed_at) == ("letter", given)
    told = Event.objects.filter(project=project, kind="material.set", subject_key=str(line.pk)).latest("pk")
    assert (told.happened_at, told.recorded_at, told.late_days > 1) == (given, timing.now(), True)
