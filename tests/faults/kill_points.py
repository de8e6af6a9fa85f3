"""Where a worker dies: functions of the portal wrapped so that the whole worker is killed before or after them.

Only `tests.faults.settings` installs them; nothing in the portal knows of them.
"""

import functools
import importlib
import os
import signal

from celery import signals

REVIEW = "packages.open_joint_review"


def die(*_, **__):
    """Kill the worker and its whole pool on the spot, as a power cut would."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def wrap(module, name, *, before=None, after=None):
    """Wrap a function of a module: `before(*args)` and `after(result, *args)` may kill."""
    home = importlib.import_module(module)
    inner = getattr(home, name)

    @functools.wraps(inner)
    def outer(*args, **kwargs):
        if before:
            before(*args, **kwargs)
        result = inner(*args, **kwargs)
        if after:
            after(result, *args)
        return result

    setattr(home, name, outer)


def of_review(pk):
    """Say whether an outbox row asks for a joint review."""
    from projects.models import Outbox

    return Outbox.objects.filter(pk=pk, subscriber=REVIEW).exists()


def if_review(result, pk):
    """Die after a claim, or a commit, of the row that asks for a joint review."""
    if result and of_review(pk):
        die()


def second_time():
    """Return a function that dies when it is called for the second time."""
    calls = []

    def count(*_, **__):
        calls.append(1)
        if len(calls) > 1:
            die()

    return count


def if_true(result, *_):
    """Die when something was done."""
    if result:
        die()


def unacknowledged(*names):
    """Die when one of these tasks is done and its message is not acknowledged."""

    def after(sender=None, retval=None, **_):
        if sender.name in names and retval:
            die()

    signals.task_postrun.connect(after, weak=False)


POINTS = {
    "review: after the claim": lambda: wrap("projects.outbox", "_claim", after=if_review),
    "review: between the rows": lambda: wrap("packages.services.rounds", "involve_bodies", before=die),
    "review: after the commit": lambda: wrap("projects.outbox", "_carry_out", after=if_review),
    "review: before the acknowledgement": lambda: unacknowledged("projects.tasks.drain_outbox"),
    "paper: after the claim": lambda: wrap("archives.papering", "pdf_of", before=die),
    "paper: between file and row": lambda: wrap("archives.services.papers", "_attach", before=die),
    "paper: after the commit": lambda: wrap("archives.services.papers", "_attach", after=if_true),
    "paper: before the acknowledgement": lambda: unacknowledged(
        "archives.tasks.render_paper", "archives.tasks.render_pending"
    ),
    "reminder: between the rows": lambda: wrap("agency.services.reminders", "_recipients", before=die),
    "reminder: after the commit": lambda: wrap("agency.services.reminders", "remind", after=if_true),
    "reminder: before the acknowledgement": lambda: unacknowledged("agency.tasks.sweep_due"),
}

#: In the middle of a sweep, and in the web server in the middle of a decision: `tests.faults.test_others_killed`.
OTHERS = {
    "sweep: inside the second row": lambda: wrap("packages.services.silence", "_finish", before=second_time()),
    "sweep: after the first commit": lambda: wrap("projects.jobs", "_one", after=if_true),
    "decision: before the commit": lambda: wrap("packages.services.decision", "conclude", after=if_true),
    "decision: after the commit": lambda: wrap("packages.services.decision", "decide_case", after=if_true),
}


#: Where a process dies that files an upload.
FILING = {
    "aside": lambda: wrap("archives.blobs", "_settle", before=die),
    "in place": lambda: wrap("archives.blobs", "put", after=die),
    "before the commit": lambda: wrap("archives.services.filing", "_add_version", after=die),
    "after the commit": lambda: wrap("archives.services.filing", "file_document", after=die),
}

#: Where a process dies that makes the package of a hand-over, or signs its list.
BINDING = {
    "bag: filled": lambda: wrap("archives.bagging", "pack", before=die),
    "bag: stored": lambda: wrap("archives.services.bundles", "_mark", before=die),
    "bag: after the commit": lambda: wrap("archives.services.bundles", "_mark", after=die),
    "list: before the commit": lambda: wrap("archives.services.transferring", "_list_paper", after=die),
    "list: after the commit": lambda: wrap("archives.services.transferring", "hand_over", after=die),
}


def install(point):
    """Arm one point in this process."""
    {**POINTS, **OTHERS}[point]()
