"""A broker that is down never reaches a user: publishing returns at once, says so in the log, and is tried again later."""

import logging
import os
import subprocess
import sys
import time

import pytest
from django.conf import settings

from gaige.celery import WakeUpTask, app
from tests.servers import ROOT, free_port

PROGRAM = """
import json, time, django
django.setup()
from projects.tasks import drain_outbox
started = time.monotonic()
first = drain_outbox.delay()
second = drain_outbox.delay()
print(json.dumps([first, second, time.monotonic() - started < 4]))
"""


@pytest.mark.slow
def test_a_refused_connection_costs_no_time_and_no_error(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "gaige.settings",
            "GAIGE_VAR": str(tmp_path),
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[null, null, true]\n")
    assert done.stderr.count("is left to the sweep") == 1


def test_a_silent_process_tries_again_after_a_while(monkeypatch, caplog):
    from projects.tasks import drain_outbox as task

    sent = []

    def refuse(*arguments, **options):
        sent.append(arguments)
        raise ConnectionRefusedError

    monkeypatch.setattr(WakeUpTask, "broker_down_until", 0.0)
    monkeypatch.setattr("celery.app.task.Task.apply_async", refuse)
    with caplog.at_level(logging.WARNING, logger="gaige.celery"):
        assert [task.delay(), task.delay(), len(sent)] == [None, None, 1]
        monkeypatch.setattr(WakeUpTask, "broker_down_until", time.monotonic() - 1)
        assert [task.delay(), len(sent)] == [None, 2]
    assert len(caplog.records) == 2


def test_every_scheduled_task_exists_and_has_a_queue_that_workers_read():
    app.loader.import_default_modules()
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert names - set(app.tasks) == set()
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= queues
    routed = {name for name in settings.CELERY_TASK_ROUTES if not name.endswith("*")}
    assert routed - set(app.tasks) == set()


@pytest.mark.parametrize("name", ["task_acks_late", "task_ignore_result", "task_reject_on_worker_lost"])
def test_tasks_survive_their_worker(name):
    assert app.conf[name] is True


def test_nothing_runs_eagerly():
    assert app.conf.task_always_eager is False
