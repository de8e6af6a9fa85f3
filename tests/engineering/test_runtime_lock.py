"""What the run-time lock names is enough: every module, the broker's client and the servers load without anything else."""

import os
import re

import pytest

from tests.servers import ROOT, free_port, own_python

#: Refuses, before anything is imported, each module that only packages outside the lock bring.
GUARD = """
import importlib.metadata, sys

LOCKED = set({locked!r})
OUTSIDE = {{
    module
    for module, brought_by in importlib.metadata.packages_distributions().items()
    if not any(name.lower().replace("_", "-").replace(".", "-") in LOCKED for name in brought_by)
}}


class Guard:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in OUTSIDE:
            raise ModuleNotFoundError(f"not in the lock: {{name}}", name=name)
        return None


sys.meta_path.insert(0, Guard)
"""

#: What production starts: all modules of the apps, web server, worker, scheduler, and the question whether Redis answers.
LOAD = """
import importlib, pkgutil, sys
import django
django.setup()
from gaige.diagnosis import queue
for app in ("gaige", "agency", "acceptance", "packages", "archives", "projects"):
    for module in pkgutil.walk_packages([app], app + "."):
        importlib.import_module(module.name)
for name in ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "celery.bin.worker", "celery.bin.beat", "celery.bin.control",
             "kombu.transport.redis", "celery.backends.redis", "celery.concurrency.prefork"):
    importlib.import_module(name)
try:
    importlib.import_module("pytest")
except ModuleNotFoundError as error:
    print(error)
print(len([name for name in sys.modules if name.startswith("packages.")]) > 100, queue()[1])
"""


@pytest.mark.slow
def test_production_starts_with_what_the_lock_names_and_nothing_else(tmp_path):
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (tmp_path / "sitecustomize.py").write_text(GUARD.format(locked=[*locked, "pip", "setuptools"]))
    code, told, errors = own_python(
        LOAD,
        tmp_path,
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
        SECRET_KEY="k" * 60,
        REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
        DEBUG="yes",
    )
    assert code == 0, errors[-3000:]
    first, second = told.splitlines()
    assert first == "not in the lock: pytest"
    assert second.startswith("True 消息队列没有应答：")
