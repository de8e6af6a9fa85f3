"""Where people begin and what stands in their navigation, by what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, resolve, reverse

from projects.access import Access, access_of
from projects.states import OrganisationKind, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

MOST = 5
UTILITY = OrganisationKind.UTILITY
#: Keeps the regional assessment, land lists and standard land.
ORGANISER = "devzone"
#: Role -> pages of its navigation, the first is where it begins. A person with several roles gets them in this order.
PAGES: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ((Role.CLERK,), (
        ("工作台", "packages:desk"), ("接件", "packages:intake"), ("容缺待补", "packages:owed"),
        ("报装", "packages:utility_lines"),
    )),
    (
        (Role.REVIEWER, Role.CHIEF),
        (
            ("我的审查", "packages:reviews"), ("告知承诺", "packages:commitments"), ("项目池", "packages:pool"),
            ("联合监管", "acceptance:inspections"),
        ),
    ),
    ((Role.DISPATCHER,), (
        ("代办调度", "agency:desk"), ("工单", "agency:board"), ("联合会商", "packages:consultations"),
        ("咨询投诉", "agency:voices"), ("重大项目", "agency:majors"),
    )),
    ((Role.DIRECTOR, Role.SUPERVISOR), (("指挥调度", "agency:cockpit"),)),
    ((Role.DIRECTOR, Role.SUPERVISOR, Role.INSPECTOR), (("通报", "agency:bulletins"),)),
    # majors stand in the head of the cockpit
    ((Role.DIRECTOR,), (("代办调度", "agency:desk"), ("咨询投诉", "agency:voices"))),
    ((Role.SUPERVISOR,), (("咨询投诉", "agency:voices"), ("督办单", "agency:slips"))),
    ((Role.ADMIN,), (
        ("人员", "projects:people"), ("工作日历", "projects:calendar"), ("特权操作", "gaige:elevate"),
        ("角色与权限", "gaige:roles"), ("接口令牌", "agency:tokens"),
    )),
    ((Role.SECURITY,), (
        ("账号安全", "gaige:security"), ("影响评估", "gaige:security_records"), ("特权操作", "gaige:elevate"),
        ("角色与权限", "gaige:roles"),
    )),
    ((Role.AUDITOR,), (
        ("查阅记录", "gaige:audit"), ("人员变动", "gaige:audit_changes"), ("对外提供", "gaige:provisions"),
        ("角色与权限", "gaige:roles"),
    )),
    ((Role.ARCHIVIST,), (
        ("档案检索", "archives:search"), ("档案移交", "archives:transfers"), ("档案校验", "archives:integrity"),
    )),
    ((Role.AGENT,), (("我的代办", "agency:mine"), ("工单", "agency:board"))),
    ((Role.OWNER_LEAD, Role.OWNER_STAFF), (
        ("我的项目", "projects:list"), ("待办", "packages:todos"), ("申报", "packages:filings"),
        ("咨询投诉", "agency:voices_mine"), ("人员", "projects:own_staff"),
    )),
)
#: Pages that stand in the head of another one: where they have no entry of their own that one is marked.
BELOW = (("agency:majors", "agency:cockpit"), ("agency:batches", "agency:cockpit"))
PUBLIC = (
    ("首页", "gaige:home"),
    ("办事目录", "packages:catalogue"),
    ("月度通报", "agency:bulletins"),
    ("文书验真", "archives:verify"),
)


def address(name: str, *args: object) -> str:
    """Return the address of a page, or an empty text when this installation has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def at_the_window(url: str) -> str:
    """Return where a scan leads at the window: a project to its intake, anything else to its own page."""
    match = resolve(url)
    return address("packages:start", match.kwargs["pk"]) if match.view_name == "projects:detail" else url


def pages_of(access: Access) -> list[tuple[str, str]]:
    """Return label and address of a person's pages, five at most."""
    found: dict[str, str] = {}
    for roles, pages in PAGES:
        if access.has(*roles):
            found |= {label: url for label, name in pages if (url := address(name))}
    if access.has(Role.REVIEWER, Role.CHIEF) and any(body.kind == UTILITY for body in access.organisations):
        found = {"报装": address("packages:utility_lines")} | found
    if any(body.code == ORGANISER for body in access.organisations):
        found = {"区域评估": address("packages:regional"), "用地": address("packages:land")} | found
    if any(body.kind == OrganisationKind.ARCHIVE for body in access.organisations):
        found = {"档案移交": address("archives:transfers")} | found
    if access.is_administrator:
        return list(found.items())[:MOST]
    found["我的项目" if access.is_owner and not access.is_office else "项目"] = address("projects:list")
    if access.is_office:
        found |= {label: url for label, name in (("通报", "agency:bulletins"), ("目录", "packages:catalogue"))
                  if (url := address(name)) and label not in found}
    return list(found.items())[:MOST]


def start_of(user: User | AnonymousUser) -> str:
    """Return where a person begins: the window at its desk, a department at its reviews, an owner at its projects."""
    pages = pages_of(access_of(user))
    return pages[0][1] if pages else address("projects:list")


def navigation(user: User | AnonymousUser, path: str) -> list[tuple[str, str, bool]]:
    """Return label, address and whether it is where the person is: the longest address that the path begins with."""
    pages = pages_of(access_of(user)) if user.is_authenticated else _public()
    inside = [url for _, url in pages if path == url or (url != "/" and path.startswith(url))]
    above = [address(top) for name, top in BELOW if (url := address(name)) and path.startswith(url)]
    current = max(inside or above, key=len, default="")
    return [(label, url, url == current) for label, url in pages]


def public_navigation(path: str) -> list[tuple[str, str, bool]]:
    """Return the navigation of the pages for everybody."""
    return [(label, url, path == url or (url != "/" and path.startswith(url))) for label, url in _public()]


def _public() -> list[tuple[str, str]]:
    return [(label, url) for label, name in PUBLIC if (url := address(name))]
