"""项目码: a random token per project that opens the public page, its printed card, 换码 and 作废."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from archives import codewords, rules
from archives.models import QrToken
from archives.services import papers
from archives.states import PaperKind, TokenState
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import Project, User

#: Random bytes of a token; in URL-safe letters they are 22.
TOKEN_BYTES = 16


def address_of(token: str) -> str:
    """Return the address that the code carries."""
    return f"{settings.SITE_URL}/q/{token}/"


@transaction.atomic
def issue_token(project_id: int, *, by: User | None, at: dt.datetime | None = None) -> QrToken:
    """赋码: give the project its code and its card; a project that has a code keeps it.

    Effects: token, card as a numbered paper of the centre, events `paper.issued` and `code.issued`.
    """
    project = lock_project(project_id)
    active = QrToken.objects.filter(project=project, state=TokenState.ACTIVE).select_related("paper").first()
    return active if active is not None else _issue(project, by=by, at=at)


def _issue(project: Project, *, by: User | None, at: dt.datetime | None) -> QrToken:
    last = QrToken.objects.filter(project=project).aggregate(last=Max("revision"))["last"]
    token = QrToken(
        project=project, token=secrets.token_urlsafe(TOKEN_BYTES),
        check_code=codewords.random_code(codewords.CHECK_LENGTH), revision=(last or 0) + 1, issued_by=by,
        issued_at=at or timing.now(),
    )
    token.save()
    token.paper = _card(project, token, by=by, at=at)
    token.save(update_fields=["paper"])
    record(
        "code.issued", subject=token, project=project, by=by, at=at, summary=f"赋码：项目码第 {token.revision} 版",
        data={"state": ["", token.state], "revision": token.revision},
    )
    return token


def _card(project: Project, token: QrToken, *, by: User | None, at: dt.datetime | None) -> Paper:
    """Issue the card of a token."""
    card = {
        "url": address_of(token.token),
        "check_code": codewords.grouped(token.check_code, by=3, between=" "),
        "revision": token.revision,
        "project": project.name,
        "code": project.code,
        "owner": project.owner.name,
        "region": project.region.name,
        "investment": project.get_investment_display(),
    }
    content = {
        "gist": {
            "project": f"{project.name}，{project.code}",
            "what": "一项一码：本项目的全部事项、文书和档案都从这个码进。",
            "do": "贴在工地公示牌和申报材料首页；扫码看到哪一步、在等谁。",
            "when": f"第 {token.revision} 版，{timing.written(token.issued_at)}起有效，换码后旧码停用。",
        },
        "card": card,
    }
    return papers.issue_paper(
        project, kind=PaperKind.PROJECT_CARD, series="码", title="项目二维码卡", issuer=project.centre,
        content=content, subject=token, by=by, source_label="赋码", at=at,
    )


@transaction.atomic
def reissue_token(project_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> QrToken:
    """换码: the old code is taken out of use and a new one issued, both kept. Event `code.replaced`.

    Raises `NotAllowed`, and `DomainError` `reason_missing` without a reason.
    """
    project = lock_project(project_id)
    require(rules.can_reissue_code, by, project)
    reason = _reason(reason, "换码")
    old = QrToken.objects.select_for_update(of=("self",)).filter(project=project, state=TokenState.ACTIVE).first()
    if old is not None:
        _end(old, project, to=TokenState.REPLACED, reason=reason, by=by, at=at)
    new = _issue(project, by=by, at=at)
    if old is not None and old.paper is not None and new.paper is not None:
        papers.replace_paper(old.paper, new=new.paper, by=by, reason=reason, at=at)
    return new


@transaction.atomic
def void_token(project_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> QrToken | None:
    """作废: the code opens nothing any more. Event `code.void`. Returns None when no code is in use.

    Raises `NotAllowed`, and `DomainError` `reason_missing` without a reason.
    """
    project = lock_project(project_id)
    require(rules.can_void_code, by, project)
    reason = _reason(reason, "作废")
    token = QrToken.objects.select_for_update(of=("self",)).filter(project=project, state=TokenState.ACTIVE).first()
    if token is None:
        return None
    _end(token, project, to=TokenState.VOID, reason=reason, by=by, at=at)
    if token.paper is not None:
        papers.revoke_paper(token.paper, by=by, reason=reason, at=at)
    return token


def _reason(reason: str, verb: str) -> str:
    if not reason.strip():
        raise DomainError("reason_missing", f"{verb}需要写明原因，例如：标牌损坏、码被冒用。")
    return reason.strip()


def _end(
    token: QrToken, project: Project, *, to: str, reason: str, by: User | None, at: dt.datetime | None
) -> None:
    before = token.state
    if to == TokenState.REPLACED:
        token.replace()
    else:
        token.void()
    token.save(update_fields=["state"])
    name = "停用（换发）" if to == TokenState.REPLACED else "作废"
    record(
        f"code.{to}", subject=token, project=project, by=by, at=at,
        summary=f"项目码第 {token.revision} 版{name}：{reason}", data={"state": [before, token.state]},
    )
