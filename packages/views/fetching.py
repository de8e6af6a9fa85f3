"""Fetch what the asker may see, or answer 404."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from packages.models import (
    Application,
    Extension,
    JointSession,
    LateEntry,
    MaterialItem,
    MatterCase,
    ReviewTask,
    SpecialProcedure,
    Withdrawal,
)
from projects import prepared
from projects.access import access_of
from projects.kinds import is_among
from projects.models import IssueItem, Project
from projects.queries import sees

if TYPE_CHECKING:
    from projects.models import User


def person(request: HttpRequest) -> User:
    """Who asks; the views stand behind `login_required`."""
    return cast("User", request.user)


def project_or_404(request: HttpRequest, pk: int) -> Project:
    """A project that the asker may know of."""
    found = Project.objects.visible_to(request.user).select_related("owner", "centre")
    project: Project = get_object_or_404(found, pk=pk)
    return project


def application_or_404(request: HttpRequest, pk: int) -> Application:
    """An application of a visible project."""
    related = ("project__owner", "project__centre", "applicant", "opened_by")
    found = Application.objects.select_related(*related)
    application = prepared.one("application", lambda key: found.filter(pk=key), pk)
    if application is None or not sees(request.user, application.project_id):
        raise Http404
    return application


def case_or_404(request: HttpRequest, pk: int) -> MatterCase:
    """A case of a visible project."""
    related = (
        "matter__matter", "lead", "project__owner", "project__centre", "application", "decided_by", "accepted_by",
    )
    case = prepared.one("case", lambda key: MatterCase.objects.select_related(*related).filter(pk=key), pk)
    if case is None or not sees(request.user, case.project_id):
        raise Http404
    return case


def item_or_404(request: HttpRequest, pk: int) -> MaterialItem:
    """A line of the checklist of a visible case."""
    found = MaterialItem.objects.filter(case__in=MatterCase.objects.visible_to(request.user))
    item: MaterialItem = get_object_or_404(found.select_related("case__application__project"), pk=pk)
    return item


def issue_or_404(request: HttpRequest, pk: int) -> IssueItem:
    """Something owed in a visible project that hangs on a case."""
    found = IssueItem.objects.filter(
        project__in=Project.objects.visible_to(request.user), subject_type=MatterCase._meta.label
    )
    issue: IssueItem = get_object_or_404(found.select_related("project"), pk=pk)
    return issue


def late_entry_or_404(request: HttpRequest, pk: int) -> LateEntry:
    """A late entry on a case that the asker may see; of the office."""
    related = ("case__project", "case__matter", "case__lead", "opinion__task__organisation", "entered_by")
    found = LateEntry.objects.visible_to(request.user).select_related(*related, "answered_by")
    if not access_of(request.user).is_office:
        raise Http404
    row: LateEntry = get_object_or_404(found, pk=pk)
    return row


def task_or_404(request: HttpRequest, pk: int) -> ReviewTask:
    """A review task of a case that the asker may see."""
    related = (
        "session__case__matter__matter", "session__case__lead", "session__case__application", "session__project__owner",
        "session__project__centre", "session__lead", "organisation", "handler", "clock", "definition",
        "opinion__given_by", "opinion__head", "supplement",
    )
    task = prepared.one("task", lambda key: ReviewTask.objects.select_related(*related).filter(pk=key), pk)
    if task is None or task.session.case_id is None or not _is_theirs(person(request), pk):
        raise Http404
    return task


def _is_theirs(user: User, task_id: int) -> bool:
    """Whether a review task is one that somebody may see: its plan is kept per kind of person and day."""
    return is_among(user, "task", lambda who, pk: ReviewTask.objects.visible_to(who).filter(pk=pk), task_id)


def session_or_404(request: HttpRequest, pk: int) -> JointSession:
    """A joint review of a visible project, for the office."""
    seen = Project.objects.visible_to(request.user) if access_of(request.user).is_office else Project.objects.none()
    found = JointSession.objects.filter(project__in=seen, case__isnull=False)
    related = ("case__matter__matter", "case__lead", "case__application", "project__owner", "project__centre", "lead")
    session: JointSession = get_object_or_404(found.select_related(*related), pk=pk)
    return session


_OF_CASE = ("case__matter__matter", "case__lead", "case__project__owner", "case__project__centre", "case__application")


def withdrawal_or_404(request: HttpRequest, pk: int) -> Withdrawal:
    """A request to withdraw a case of a visible project."""
    seen = MatterCase.objects.visible_to(request.user)
    found = Withdrawal.objects.filter(case__in=seen).select_related("requested_by", *_OF_CASE)
    row: Withdrawal = get_object_or_404(found, pk=pk)
    return row


def procedure_or_404(request: HttpRequest, pk: int) -> SpecialProcedure:
    """A special procedure of a case of a visible project."""
    seen = MatterCase.objects.visible_to(request.user)
    found = SpecialProcedure.objects.filter(case__in=seen).select_related("started_by", *_OF_CASE)
    row: SpecialProcedure = get_object_or_404(found, pk=pk)
    return row


def extension_or_404(request: HttpRequest, pk: int) -> Extension:
    """An extension of a case of a visible project."""
    seen = MatterCase.objects.visible_to(request.user)
    found = Extension.objects.filter(case__in=seen).select_related("requested_by", *_OF_CASE)
    row: Extension = get_object_or_404(found, pk=pk)
    return row
