"""The portal's addresses and three more that fail in known ways."""

from django.urls import path

from gaige import urls
from projects.errors import DomainError, NotAllowed
from projects.request_context import request_id


def conflict(request):
    raise DomainError("case_taken", "王敏 10:42 已受理本件，请刷新后再看。")


def forbidden(request):
    raise NotAllowed("can_accept", "只有综合窗口能受理，您是审查人员。")


def bug(request):
    raise ZeroDivisionError(request_id.get())


handler500 = urls.handler500
urlpatterns = [path("conflict/", conflict), path("forbidden/", forbidden), path("bug/", bug), *urls.urlpatterns]
