"""`manage.py doctor` says part by part what is wrong with an installation and what to do about it."""

import datetime as dt
import json

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from gaige import diagnosis
from gaige.diagnosis import Finding, Level, examine
from packages.models import MatterVersion
from projects.models import JobRun, Membership, Organisation, User
from tests import factories

pytestmark = pytest.mark.django_db


def levels(*parts):
    return [(finding.part, finding.level) for finding in examine(list(parts))]


@pytest.mark.bare
def test_an_installation_without_a_catalogue_is_told_the_command():
    assert examine(["catalogue"]) == [
        Finding("catalogue", Level.FAULT, "目录没有装入，请运行 manage.py load_catalog。")
    ]


def test_what_stands_is_said_to_stand():
    parts = ("database", "migrations", "queue", "outbox", "fonts", "storage", "secrets")
    assert levels(*parts) == [(part, Level.OK) for part in parts]


def test_the_probe_of_the_storage_leaves_nothing():
    examine(["storage"])
    assert default_storage.listdir("doctor")[1] == []


def test_a_dead_worker_is_seen():
    assert levels("heartbeat") == [("heartbeat", Level.WARNING)]
    started = timezone.now() - dt.timedelta(minutes=40)
    run = JobRun.objects.create(job="sweep_due", started_at=started)
    assert examine(["heartbeat"]) == [
        Finding("heartbeat", Level.FAULT, "后台任务已 40 分钟没有运行（最后一次 sweep_due），请重启 worker 和 beat。")
    ]
    JobRun.objects.filter(pk=run.pk).update(started_at=timezone.now())
    assert levels("heartbeat") == [("heartbeat", Level.OK)]


def test_a_department_without_people_is_named():
    nobody = "还没有人员。请运行 manage.py invite 邀请系统管理员，再由其登记各部门人员。"
    assert examine(["people"]) == [Finding("people", Level.WARNING, nobody)]
    leads = Organisation.objects.filter(led_matters__in=MatterVersion.objects.published()).exclude(
        kind__in=["higher", "intermediary"]
    ).distinct().order_by("pk")
    for body in leads[1:]:
        factories.person(f"of-{body.pk}", "某人", "reviewer", body)
    words = "没有在岗人员，送到那里的办件和意见没有人办。请系统管理员在“人员”里登记。"
    assert examine(["people"]) == [Finding("people", Level.WARNING, f"{leads[0].label}{words}")]
    Membership.objects.filter(organisation=leads[1]).update(until=dt.date(2020, 1, 2), since=dt.date(2020, 1, 1))
    User.objects.filter(username=f"of-{leads[2].pk}").update(is_active=False)
    named = "、".join(body.label for body in leads[:3])
    assert examine(["people"]) == [Finding("people", Level.WARNING, f"{named}{words}")]
    for body in leads[:3]:
        factories.person(f"new-{body.pk}", "新人", "reviewer", body)
    assert levels("people") == [("people", Level.OK)]


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (dt.date(2026, 6, 1), Level.OK),
        (dt.date(2026, 12, 5), Level.WARNING),
        (dt.date(2041, 6, 1), Level.FAULT),
    ],
)
def test_a_year_without_a_published_calendar_is_named(monkeypatch, day, level):
    monkeypatch.setattr(diagnosis.timezone, "localdate", lambda: day)
    assert levels("calendar") == [("calendar", level)]


def test_a_secret_that_others_can_read_is_named(settings, tmp_path):
    settings.GAIGE_VAR = tmp_path
    (tmp_path / "secrets").mkdir()
    secret = tmp_path / "secrets" / "secret_key"
    secret.write_text("x")
    secret.chmod(0o644)
    assert levels("secrets") == [("secrets", Level.FAULT)]
    secret.chmod(0o600)
    assert levels("secrets") == [("secrets", Level.OK)]


def test_a_broker_that_is_down_is_named(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
    (finding,) = examine(["queue"])
    assert (finding.level, "请检查 REDIS_URL 和 Redis" in finding.message) == (Level.FAULT, True)


@pytest.mark.bare
def test_the_command_prints_a_line_per_part_and_fails_when_something_is_wrong(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    assert ended.value.code == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["part"] for row in rows] == list(diagnosis.PARTS)
    call_command("doctor", "--only", "database", "--quiet")
    assert capsys.readouterr().out == ""
