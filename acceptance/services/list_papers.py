"""联合验收一次性告知单: the one list of faults, of the papers or of the site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archives.paper_kinds import paper_slug
from archives.services.papers import issue_paper
from archives.states import PaperKind

if TYPE_CHECKING:
    from acceptance.models import AcceptanceApplication
    from projects.models import IssueItem, User

SITE_WORDS = "各部门已于现场一次看完。除下表所列外，本次联合验收不再提出新的问题；整改期间不计入验收时限。"
PAPER_WORDS = "各部门已一次审完资料。请按下表补齐，逾期未补齐的按不通过处理、重新申请；整改期间不计入验收时限。"


def faults_paper(  # noqa: PLR0913 - what a paper says
    acceptance: AcceptanceApplication, issues: Sequence[IssueItem], due_on: dt.date, *, on_site: bool, by: User,
    at: dt.datetime | None, is_late: bool = False,
) -> None:
    """Issue the numbered list of faults to the owner; it is signed for."""
    rows = [[str(n), i.raised_for.label if i.raised_for else "", i.what, i.basis, i.how_to_fix]
            for n, i in enumerate(issues, 1)]
    where = "现场验收" if on_site else "资料审核"
    words = SITE_WORDS if on_site else PAPER_WORDS
    if is_late:
        where, words = "清单发出后新增", "下表所列为清单后新增，经牵头部门批准，计为部门迟报；整改期间不计入验收时限。"
    content: dict[str, Any] = {
        "addressee": acceptance.project.owner.name,
        "gist": {
            "project": f"{acceptance.project.name}（{acceptance.project.code}）",
            "what": f"{where}发现 {len(issues)} 个问题，一次告知" if not is_late else f"{where} {len(issues)} 个问题",
            "do": "按表逐条整改，附照片或文件后提交复核",
            "when": f"{due_on.year}年{due_on.month}月{due_on.day}日前",
        },
        "paragraphs": [words],
        "table": {"head": ["序号", "部门", "问题", "依据", "怎么改"], "rows": rows},
        "legal": [],
    }
    issue_paper(
        acceptance.project, kind=PaperKind.SITE_LIST, series="联验告", title="联合验收一次性告知单",
        issuer=acceptance.lead, content=content, subject=acceptance, by=by,
        document_kind_slug=paper_slug(PaperKind.SITE_LIST), at=at,
    )
