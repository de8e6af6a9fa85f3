"""The people of the demonstration: one centre, every department of the catalogue, agents, and the owners.

Names, firms and telephones are made up. The password is one for all and stands in the README: this command refuses a
portal that holds anything else than the demonstration.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from agency.models import Agent
from gaige.demo.city import create_city
from packages.models import ReviewDef
from projects import timing
from projects.codes import mod_31
from projects.models import Membership, Organisation, Region, User
from projects.services.privacy import give
from projects.states import OrganisationKind, Role

PASSWORD = "gaige-demo"  # noqa: S105 - printed on purpose: demonstration accounts only
REGION = "140581"
CENTRE = "approval-bureau"
#: 工改办 stands above all centres of its region.
OFFICE, OFFICE_REGION = "reform-office", "140500"
SINCE = dt.date(2024, 1, 1)

#: username, name, title, role, organisation code
STAFF = (
    ("clerk", "王敏", "3号窗口", Role.CLERK, CENTRE),
    ("clerk2", "李倩", "5号窗口", Role.CLERK, CENTRE),
    ("dispatcher", "郭涛", "代办调度", Role.DISPATCHER, CENTRE),
    ("checker", "卫兰", "通报核对", Role.DISPATCHER, CENTRE),
    ("director", "赵建国", "中心主任", Role.DIRECTOR, CENTRE),
    ("office", "任敏", "工改办", Role.SUPERVISOR, OFFICE),
    ("archivist", "宋雅", "档案管理员", Role.ARCHIVIST, CENTRE),
    ("admin", "何工", "系统管理员", Role.ADMIN, CENTRE),
    ("security", "安宁", "安全管理员", Role.SECURITY, CENTRE),
    ("auditor", "沈严", "审计管理员", Role.AUDITOR, CENTRE),
    ("inspector", "严明", "督查", Role.INSPECTOR, CENTRE),
    ("agent", "陈静", "服务专员", Role.AGENT, CENTRE),
    ("agent2", "刘洋", "服务专员", Role.AGENT, CENTRE),
    ("leader", "冯远", "项目长", Role.AGENT, CENTRE),
    ("leader2", "韩梅", "项目长", Role.AGENT, CENTRE),
)
#: username, can lead, specialties, cap in load points
AGENTS = (
    ("agent", False, ["soc-factory", "soc-lowrisk", "soc-minimal"], 40),
    ("agent2", False, ["gov-general", "gov-pipeline", "gov-renovation", "soc-realestate"], 40),
    ("leader", True, ["soc-factory", "soc-realestate"], 60),
    ("leader2", True, ["gov-general", "gov-pipeline", "gov-lowrisk", "gov-minimal", "gov-renovation"], 60),
)
#: name of the owner body, kind, first two of its credit code, eight digits of its organisation code, person
OWNERS = (
    ("山西泽铸智能装备有限公司", OrganisationKind.ENTERPRISE, "91140581", "MA0K7Q1A", "owner", "张伟"),
    ("高平市丹河置业有限公司", OrganisationKind.ENTERPRISE, "91140581", "MA0K7Q2B", "owner2", "孙丽"),
    ("高平市神农丝绸有限公司", OrganisationKind.ENTERPRISE, "91140581", "MA0K7Q3C", "owner3", "周强"),
    ("高平市城市建设投资中心", OrganisationKind.OWNER_BODY, "12140581", "MB0K7Q4D", "owner4", "吴磊"),
    ("高平市教育局基建办公室", OrganisationKind.OWNER_BODY, "12140581", "MB0K7Q5E", "owner5", "郑洁"),
    ("晋城市长平能源有限公司", OrganisationKind.ENTERPRISE, "91140500", "MA0K7Q6F", "owner6", "马超"),
)
#: 内设机构 to which a department sends an opinion on: department, name, login, person.
UNITS = (
    ("housing", "住建局消防审验科", "housing-fire", "林青"),
    ("natural-resources", "自然资源局规划科", "natural-resources-plan", "叶宁"),
)
#: The enterprise that has somebody beside its lead.
OWNER_WITH_STAFF = "owner"
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "航宁蕾宽桐岩琳杰欣博雯磊娜凯颖浩妍鹏洁峰莉斌婷军燕刚霞勇静明芳亮"


@dataclass(frozen=True, slots=True)
class Login:
    """One line of the list of logins."""

    username: str
    name: str
    what: str


#: The designer that signs commitments which ask for one.
DESIGNER = "山西丹源建筑设计有限公司"

LOGINS = (
    Login("owner", "张伟", "企业负责人（山西泽铸智能装备）：项目、待办、签承诺书、人员"),
    Login("owner-staff", "赵敏", "同一企业的经办：申报、补正、签收"),
    Login("clerk", "王敏", "窗口人员：工作台、接件、受理"),
    Login("approval-bureau-r", "部门经办", "行政审批局经办：审查意见、汇总"),
    Login("approval-bureau-c", "首席代表", "行政审批局首席代表：作出决定"),
    Login("housing-r", "部门经办", "住建局经办：审查意见、联合验收"),
    Login("housing-c", "首席代表", "住建局首席代表：联合验收结论"),
    Login("housing-fire", "林青", "住建局消防审验科：本局转办来的意见"),
    Login("agent", "陈静", "服务专员：我的代办、工单、升级"),
    Login("leader", "冯远", "项目长：我的代办、工单"),
    Login("dispatcher", "郭涛", "代办调度：指派、工单、升级、交接"),
    Login("director", "赵建国", "中心主任：指挥调度、月度通报、重大项目"),
    Login("office", "任敏", "工改办：全部中心的指挥调度、资源指标平衡、督办单"),
    Login("city", "秦岳", "市行政审批局：全市的指挥调度，全市和各区的月度通报"),
    Login("archivist", "宋雅", "档案管理员：项目档案、完整性检查、移交"),
    Login("admin", "何工", "系统管理员：人员和单位（先开启特权操作）"),
    Login("security", "安宁", "安全管理员：二次验证、登录会话、个人信息请求"),
    Login("auditor", "沈严", "审计管理员：谁看过什么、人员变动、对外提供"),
)


def credit_code(head: str, body: str) -> str:
    """Return a 统一社会信用代码 with both check characters computed from eight characters of the organisation code."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(c, 36) for w, c in zip(weights, body, strict=True))
    check = "0123456789X0"[(11 - total % 11)]
    text = f"{head}{body}{check}"
    return f"{text}{mod_31(text)}"


def _user(username: str, name: str, title: str, password: str) -> User:
    user, _ = User.objects.get_or_create(
        username=username, defaults={"name": name, "title": title, "password": password, "is_staff": False}
    )
    return user


def _join(user: User, organisation: Organisation, role: str) -> None:
    Membership.objects.get_or_create(user=user, organisation=organisation, role=role, until=None,
                                     defaults={"since": SINCE})


def create_people() -> None:
    """Create the centre's staff, the agents, a reviewer and a chief of every department, and the owners.

    A second call is a no-op.
    """
    password = make_password(PASSWORD)
    region = Region.objects.get(code=REGION)
    bodies = {organisation.code: organisation for organisation in Organisation.objects.exclude(code="")}
    Organisation.objects.filter(code=CENTRE).update(region=region)
    Organisation.objects.filter(code=OFFICE).update(region=Region.objects.get(code=OFFICE_REGION))
    for username, name, title, role, code in STAFF:
        _join(_user(username, name, title, password), bodies[code], role)
    for username, leads, specialties, cap in AGENTS:
        agent, _ = Agent.objects.get_or_create(
            user=User.objects.get(username=username),
            defaults={"can_lead": leads, "can_serve": not leads, "specialties": specialties, "load_cap": cap},
        )
        agent.regions.add(region)
        if not agent.user.phone:
            agent.user.phone = f"0356-522{agent.pk:04d}"
            agent.user.save(update_fields=["phone"])
        give(agent.user, "sms", at=timing.start_of_day(SINCE))
    _create_departments(bodies, password)
    for code, name, username, person in UNITS:
        parent = bodies[code]
        unit, _ = Organisation.objects.get_or_create(
            name=name, parent=parent, defaults={"kind": parent.kind, "region": parent.region}
        )
        _join(_user(username, person, "科员", password), unit, Role.REVIEWER)
    for name, kind, head, body, username, person in OWNERS:
        organisation, _ = Organisation.objects.get_or_create(
            uscc=credit_code(head, body), defaults={"name": name, "kind": kind, "region": region}
        )
        _join(_user(username, person, "项目负责人", password), organisation, Role.OWNER_LEAD)
        if username == OWNER_WITH_STAFF:
            _join(_user("owner-staff", "赵敏", "报建专员", password), organisation, Role.OWNER_STAFF)
    designer, _ = Organisation.objects.get_or_create(
        uscc=credit_code("91140581", "MA0DANYU"),
        defaults={"name": DESIGNER, "kind": OrganisationKind.ENTERPRISE, "region": region},
    )
    _join(_user("designer", "韩立", "设计负责人", password), designer, Role.OWNER_LEAD)
    create_city(password)


def _create_departments(bodies: dict[str, Organisation], password: str) -> None:
    used = set(ReviewDef.objects.values_list("organisation_id", flat=True))
    for number, (code, organisation) in enumerate(sorted(bodies.items())):
        if organisation.pk not in used:
            continue
        for offset, (suffix, role, title) in enumerate((("r", Role.REVIEWER, "经办"), ("c", Role.CHIEF, "首席代表"))):
            at = number * 2 + offset
            name = SURNAMES[at % len(SURNAMES)] + GIVEN[(at * 7 + 3) % len(GIVEN)]
            _join(_user(f"{code}-{suffix}", name, title, password), organisation, role)
