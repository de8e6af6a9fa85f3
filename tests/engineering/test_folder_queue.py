"""Messages in a folder: a worker that looks into it at any moment reads each whole, and once."""

import base64
import json
import os
import subprocess
import sys
import time

import pytest
from kombu import Connection, Queue

#: Few and big: writing one takes long enough to be looked at.
MESSAGES = 40
WRITE = f"""
import sys
import gaige.celery
from kombu import Connection, Queue
options = dict(data_folder_in=sys.argv[1], data_folder_out=sys.argv[1], control_folder=sys.argv[2])
with Connection("filesystem://", transport_options=options) as connection:
    queue = connection.SimpleQueue(Queue("wake", routing_key="wake"))
    for number in range({MESSAGES}):
        queue.put({{"number": number, "words": "改革" * 200_000}})
"""


@pytest.mark.slow
def test_no_message_is_read_before_it_is_whole(tmp_path):
    folders = [tmp_path / "messages", tmp_path / "control"]
    for folder in folders:
        folder.mkdir()
    options = {"data_folder_in": str(folders[0]), "data_folder_out": str(folders[0]), "control_folder": str(folders[1])}
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, *folders]) for _ in range(2)]
    read, deadline = [], time.monotonic() + 60
    with Connection("filesystem://", transport_options=options) as connection:
        assert type(connection.transport).__module__ == "gaige.folder_queue"
        queue = connection.SimpleQueue(Queue("wake", routing_key="wake"))
        while len(read) < 2 * MESSAGES and time.monotonic() < deadline:
            try:
                message = queue.get_nowait()
            except queue.Empty:
                continue
            read.append(message.payload["number"])
            message.ack()
    assert [writer.wait(20) for writer in writers] == [0, 0]
    assert sorted(read) == sorted([*range(MESSAGES), *range(MESSAGES)])
    assert list(folders[0].iterdir()) == []


def test_what_is_no_message_is_set_aside_and_the_next_is_read(tmp_path):
    messages, control = tmp_path / "messages", tmp_path / "control"
    messages.mkdir()
    control.mkdir()
    options = {"data_folder_in": str(messages), "data_folder_out": str(messages), "control_folder": str(control)}
    secret = tmp_path / "elsewhere"
    secret.write_text("{}")
    for number, content in enumerate((b"no json{", b"", b"[]", b"{}", b"\xff\xfe", b'{"properties": 1}')):
        (messages / f"0_{number}.wake.msg").write_bytes(content)
    (messages / "0_folder.wake.msg").mkdir()
    (messages / "0_link.wake.msg").symlink_to(secret)
    (messages / "0_nowhere.wake.msg").symlink_to(tmp_path / "gone")
    os.mkfifo(messages / "0_pipe.wake.msg")
    with Connection("filesystem://", transport_options=options) as connection:
        queue = connection.SimpleQueue(Queue("wake", routing_key="wake"))
        queue.put({"number": 1})
        message = queue.get(timeout=10)
        assert message.payload == {"number": 1}
        message.ack()
    assert {path.suffix for path in messages.iterdir()} == {".refused"}
    assert len(list(messages.iterdir())) == 10
    assert secret.read_text() == "{}"


def test_a_folder_that_takes_nothing_is_said_at_once(tmp_path):
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path / "gone"), "control_folder": str(tmp_path)}
    with Connection("filesystem://", transport_options=options) as connection, pytest.raises(FileNotFoundError):
        connection.SimpleQueue(Queue("wake", routing_key="wake")).put({})


@pytest.mark.slow
def test_a_worker_sets_aside_what_it_cannot_take_and_goes_on(tmp_path):
    messages, log = tmp_path / "queue" / "messages", tmp_path / "log"
    messages.mkdir(parents=True)
    run = {"id": "1", "task": "projects.tasks.recompute_provisional"}
    headers = {"unnamed_run": {"task": "no.such"}, "unknown": {"task": "no.such", "id": "1"}, "odd": {"task": [1]}, "limit": {**run, "timelimit": 5}}
    for name, header in headers.items():
        payload = {
            "body": base64.b64encode(b"[[], {}, {}]").decode(), "content-encoding": "utf-8", "content-type": "application/json",
            "headers": header, "properties": {
                "delivery_info": {"exchange": "default", "routing_key": "default"}, "body_encoding": "base64", "delivery_tag": name,
            },
        }  # fmt: skip
        (messages / f"0_{name}.default.msg").write_text(json.dumps(payload))
    environment = {**os.environ, "GAIGE_VAR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "gaige.settings"}
    worker = "worker --queues default --pool solo --loglevel WARNING --without-gossip --without-mingle"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "gaige", "--quiet", *worker.split()], env=environment, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 90
        while len(list(messages.glob("*.refused"))) < len(headers) and time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        assert sorted(json.loads(path.read_text())["properties"]["delivery_tag"] for path in messages.iterdir()) == sorted(headers)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(30) == 0
