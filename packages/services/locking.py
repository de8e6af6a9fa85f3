"""Locks in one order (project, case, children) and the refusal that names who was faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from packages.models import Application, JointSession, MatterCase, ReviewTask
from projects import prepared
from projects.errors import DomainError
from projects.events import latest_of, told_by
from projects.models import Project
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.db.models import QuerySet

RELATED = (
    "matter__matter", "matter__result_kind", "lead", "work_unit", "application", "intake_clock", "promised_clock",
    "statutory_clock", "special_clock",
)


def lock_case(case_id: int, related: tuple[str, ...] = RELATED) -> MatterCase:
    """Return the case with its project, both locked until the transaction ends. Raises `MatterCase.DoesNotExist`.

    `related` is what is read with it; a job that runs a thousand times names the little that it needs.
    """
    project = prepared.one("project of a case, locked", _project_of, case_id)
    case = prepared.one(
        ("case, locked", related),
        lambda pk: MatterCase.objects.select_for_update(of=("self",)).select_related(*related).filter(pk=pk), case_id,
    )
    if project is None or case is None:
        raise MatterCase.DoesNotExist
    case.project = project
    return case


def lock_cases(case_ids: Sequence[int], related: tuple[str, ...] = RELATED) -> list[MatterCase]:
    """Return cases with their projects, locked in the order of their keys, the projects first."""
    wanted = MatterCase.objects.filter(pk__in=case_ids)
    found = Project.objects.select_for_update(of=("self",)).select_related("owner", "centre", "region")
    projects = {row.pk: row for row in found.filter(pk__in=wanted.values("project_id")).order_by("pk")}
    cases = list(wanted.select_for_update(of=("self",)).select_related(*related).order_by("pk"))
    for case in cases:
        case.project = projects[case.project_id]
    return cases


def _project_of(case_id: int) -> QuerySet[Project]:
    found = Project.objects.select_for_update(of=("self",)).select_related("owner", "centre", "region")
    return found.filter(pk=MatterCase.objects.filter(pk=case_id).values("project_id")[:1])


def _project_of_application(application_id: int) -> QuerySet[Project]:
    found = Project.objects.select_for_update(of=("self",)).select_related("owner", "centre", "region")
    return found.filter(pk=Application.objects.filter(pk=application_id).values("project_id")[:1])


def lock_application(application_id: int) -> tuple[Application, list[MatterCase]]:
    """Return the application and its cases in order, locked with their project. Raises `Application.DoesNotExist`."""
    own = Application.objects.select_for_update(of=("self",)).select_related("applicant")
    found = MatterCase.objects.select_for_update(of=("self",)).select_related(*RELATED).order_by("pk")
    project = prepared.one("project of an application, locked", _project_of_application, application_id)
    application = prepared.one("application, locked", lambda pk: own.filter(pk=pk), application_id)
    if project is None or application is None:
        raise Application.DoesNotExist
    application.project = project
    cases = prepared.rows("cases of an application, locked", lambda pk: found.filter(application=pk), application_id)
    for case in cases:
        case.project, case.application = project, application
    return application, cases


def lock_task(task_id: int) -> ReviewTask:
    """Return the review task, locked with its project, case and session. Raises `ReviewTask.DoesNotExist`."""
    case_id = ReviewTask.objects.values_list("session__case_id", flat=True).get(pk=task_id)
    case = lock_case(case_id or 0)
    task = ReviewTask.objects.select_for_update(of=("self",)).select_related(
        "session__lead", "organisation", "clock", "handler"
    ).get(pk=task_id)
    task.session.case, task.session.project = case, case.project
    return task


def lock_session(session_id: int) -> JointSession:
    """Return the session, locked with its project and case. Raises `JointSession.DoesNotExist`."""
    case_id = JointSession.objects.values_list("case_id", flat=True).get(pk=session_id)
    case = lock_case(case_id or 0)
    session = JointSession.objects.select_for_update(of=("self",)).select_related("lead").get(pk=session_id)
    session.case, session.project = case, case.project
    return session


def moved_on(session: JointSession, verb: str) -> DomainError:
    """Return the refusal of a step of a review that stands elsewhere: where, who brought it there, what to do."""
    word = session.get_state_display()
    return DomainError(
        "session_state", f"联合审查现在是“{word}”，不能{verb}。请刷新页面，按最新状态办理。",
        latest=told_by(latest_of(session)),
    )


def expect(case: MatterCase, *states: str, verb: str) -> None:
    """Refuse a step out of order with a sentence that says where the case stands and who brought it there."""
    if case.state in states:
        return
    label = case.get_state_display()
    raise DomainError(
        "case_state", f"{quoted(case.matter.name)}现在是“{label}”，不能{verb}。请刷新页面，按最新状态办理。",
        latest=told_by(latest_of(case)),
    )
