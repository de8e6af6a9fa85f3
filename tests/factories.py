"""People, projects and cases for every test: the catalogue loaded once a process, walked by the real services."""

import csv
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import Max

from projects import outbox
from projects.codes import gb_11714, mod_31
from projects.models import Membership, Organisation, Project, Region, User
from projects.states import OrganisationKind, Role

DATA = Path(__file__).parent / "data"
CENTRE = "approval-bureau"
REGION = "140581"
REAL_CODE = "2603-140581-89-05-163265"
SINCE = dt.date(2020, 1, 1)
PASSWORD = "long-enough-for-a-test"
#: Parents before children.
TABLES = (
    "projects.Region", "projects.Organisation", "archives.DocumentKind", "packages.Matter", "packages.MatterVersion",
    "packages.MatterPrerequisite", "packages.ReviewDef", "packages.MaterialDef", "packages.Package",
    "packages.PackageVersion", "packages.PackageRow", "packages.AcceptanceItemDef",
    "packages.PolicyTable",
)
_kept = {}


# The catalogue -----------------------------------------------------------------------------------------------------


def load_catalogue():
    """Have the whole catalogue in the database: loaded once a process, later copied back row by row.

    A transactional test empties the tables; a rolled back one too. Nothing happens when it is there.
    """
    from packages.models import MatterVersion

    if MatterVersion.objects.exists():
        return
    if _kept:
        _put_back()
        return
    from archives.models import DocumentKind
    from archives.paper_kinds import ensure_own_kinds
    from packages.services.catalogue import load_catalogue as load
    from projects.regions import REGIONS, parent_code

    for code, name in sorted(REGIONS.items()):
        parent = Region.objects.filter(code=parent_code(code)).first()
        Region.objects.get_or_create(code=code, defaults={"name": name, "parent": parent})
    ensure_own_kinds(DocumentKind)
    load()
    Organisation.objects.exclude(code="").update(region=Region.objects.get(code=REGION))
    for label in TABLES:
        _kept[label] = list(apps.get_model(label).objects.order_by("pk"))
    through = apps.get_model("packages.AcceptanceItemDef").matters.through
    _kept["through"] = list(through.objects.order_by("pk"))


def _put_back():
    through = apps.get_model("packages.AcceptanceItemDef").matters.through
    with transaction.atomic():
        for label, rows in _kept.items():
            model = through if label == "through" else apps.get_model(label)
            there = set(model.objects.values_list("pk", flat=True))
            missing = [row for row in rows if row.pk not in there]
            model.objects.bulk_create(missing)
            if missing and connection.vendor == "postgresql":
                _advance(model)
        Organisation.objects.exclude(code="").update(region=Region.objects.get(code=REGION))


def _advance(model):
    """Rows came with their keys: the sequence follows."""
    top = model.objects.aggregate(top=Max("pk"))["top"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, 'id'), GREATEST(%s, (SELECT last_value FROM {model._meta.db_table}_id_seq)))",
            [model._meta.db_table, top],
        )


def organisation(code):
    """Return a department of the catalogue."""
    return Organisation.objects.get(code=code)


# People --------------------------------------------------------------------------------------------------------------


def uscc(number):
    """Return a valid 统一社会信用代码 of an enterprise in 高平, one per number."""
    body = f"{number:08d}"
    text = f"91140581{body}{gb_11714(body)}"
    return text + mod_31(text)


def enterprise(name, number):
    """Return an enterprise with a checked credit code."""
    return Organisation.objects.get_or_create(
        uscc=uscc(number),
        defaults={"name": name, "kind": OrganisationKind.ENTERPRISE, "region": Region.objects.get(code=REGION)},
    )[0]


def person(username, name, role, body, title=""):
    """Return a user with one role at one body; the same person again for the same username."""
    user, made = User.objects.get_or_create(username=username, defaults={"name": name, "title": title})
    if made:
        user.set_password(PASSWORD)
        user.save()
    Membership.objects.get_or_create(user=user, organisation=body, role=role, until=None, defaults={"since": SINCE})
    user.__dict__.pop("_access", None)
    return user


def official(code, role):
    """Return the reviewer, chief or clerk of a department, made when needed."""
    words = {Role.CHIEF: "首席", Role.REVIEWER: "经办", Role.CLERK: "窗口"}
    body = organisation(code)
    return person(f"{role}-{code}", f"{body.name}{words.get(role, '')}", role, body)


def office_above():
    """Return somebody of the 工改办 of the city, a body of its own above the centre."""
    body = organisation("reform-office")
    Organisation.objects.filter(pk=body.pk).update(region=Region.objects.get(code="140500"))
    return person("office", "任敏", Role.SUPERVISOR, body)


def make_actors():
    """Return the seven actors of HOUSE and more: users with their memberships, and the bodies they work for."""
    load_catalogue()
    centre = organisation(CENTRE)
    owner_body = enterprise("山西泽铸智能装备有限公司", 40000001)
    other_body = enterprise("晋城丹河置业有限公司", 40000002)
    return SimpleNamespace(
        owner=person("owner", "郭建国", Role.OWNER_LEAD, owner_body),
        owner_staff=person("owner-staff", "李娜", Role.OWNER_STAFF, owner_body),
        clerk=person("clerk", "王敏", Role.CLERK, centre, "3号窗口"),
        reviewer=person("reviewer", "赵强", Role.REVIEWER, organisation("housing")),
        lead_reviewer=person("lead-reviewer", "孙丽", Role.REVIEWER, centre),
        chief=person("chief", "周正", Role.CHIEF, centre, "首席代表"),
        second_chief=person("second-chief", "吴平", Role.CHIEF, centre, "首席代表"),
        agent=person("agent", "陈晨", Role.AGENT, centre, "服务专员"),
        dispatcher=person("dispatcher", "马原", Role.DISPATCHER, centre),
        director=person("director", "高远", Role.DIRECTOR, centre, "中心主任"),
        outsider=person("outsider", "韩雪", Role.OWNER_LEAD, other_body),
        centre=centre, owner_body=owner_body, other_body=other_body,
    )


# Projects ------------------------------------------------------------------------------------------------------------


def example(code):
    """Return (name, package code, facts) of one line of examples.tsv, the invented projects of the catalogue."""
    from packages.facts import parse_facts

    with (DATA / "examples.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["code"] == code:
                return row["name_zh"], row["package_code"], parse_facts(row["facts"])
    raise KeyError(code)


def make_project(actors, *, name="", code="", investment="social", owner=None, at=None):
    """Register a project at the window; a local code unless one is given."""
    from projects.services.registration import register_project

    body = owner or actors.owner_body
    name = name or f"试验项目{Project.objects.count() + 1}"
    return register_project(
        by=actors.clerk, code=code, name=name, investment=investment, region_code=REGION, address="高平市经开区",
        total_investment=None, owner_uscc=body.uscc, owner_name=body.name, centre=actors.centre, at=at,
    )


def enrolled_project(actors, example_code="S3", *, code="", at=None, **changes):
    """Register a project and enrol it with the facts of an example (some of them changed)."""
    from packages.services.enrolment import enrol

    name, package, facts = example(example_code)
    project = make_project(
        actors, name=f"{name}{Project.objects.count() + 1}", code=code, at=at,
        investment="government" if package.startswith("gov") else "social",
    )
    enrol(project.pk, package_code=package, facts={**facts, **changes}, by=actors.clerk, at=at)
    return fresh(project)


def fresh(row):
    """Return a row read anew."""
    return type(row).objects.get(pk=row.pk)


def pdf(name="材料.pdf", text="一"):
    """Return a small upload that is a PDF by its bytes; another text is another content."""
    return SimpleUploadedFile(name, pdf_bytes(text), content_type="application/pdf")


def pdf_bytes(text="一", *, pages=1, catalog="", page=""):
    """Return a sound PDF by its bytes: blank pages, `text` in a comment, more entries of its catalogue or pages."""
    kids = " ".join(f"{number} 0 R" for number in range(3, 3 + pages))
    objects = [f"<</Type/Catalog/Pages 2 0 R{catalog}>>", f"<</Type/Pages/Kids[{kids}]/Count {pages}>>"]
    objects += [f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{page}>>"] * pages
    data, places = b"%PDF-1.7\n% " + text.encode() + b"\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(data)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    return data + f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()


# Cases ---------------------------------------------------------------------------------------------------------------


def make_case(project, matter_code):
    """Return the live case of a matter in an enrolled project (draft until it is applied for)."""
    from packages.models import MatterCase
    from packages.next_steps import CASE_LOST

    found = MatterCase.objects.filter(project=project, matter__matter__code=matter_code).exclude(state__in=CASE_LOST)
    return found.get()


def open_application(project, codes, actors, *, at=None):
    """Open an application at the window and return it."""
    from packages.services.intake import open_application as service

    return service(project.pk, matter_codes=codes, by=actors.clerk, at=at)


def complete(application, by, *, at=None):
    """Meet every line that is still missing with an upload."""
    from packages.models import MaterialItem
    from packages.services.intake import set_material
    from packages.services.setting_lines import supply_material

    for pk in MaterialItem.objects.filter(case__application=application).order_by("pk").values_list("pk", flat=True):
        item = MaterialItem.objects.get(pk=pk)
        if item.state == "missing":
            set_material(pk, state="uploaded", by=by, uploaded=pdf(f"{item.name}.pdf", f"{pk}"), at=at)
        elif item.state == "awaited":
            supply_material(pk, by=clerk_of(application.project.centre), uploaded=pdf(f"{item.name}.pdf", f"{pk}"), at=at)
    sign(application, at=at)


def sign(application, *, at=None):
    """The responsible person of the owner, and of the designer where asked, signs every 承诺书 of an application."""
    from packages.models import Commitment
    from packages.services.committing import sign_commitment

    for commitment in Commitment.objects.filter(case__application=application, state="offered").order_by("pk"):
        sign_commitment(commitment.pk, by=lead_of(application.project.owner), at=at)
        if commitment.asks_designer:
            sign_commitment(commitment.pk, by=lead_of(designer_of(application.project)), at=at)


def clerk_of(centre):
    """Return a clerk of a centre, made when there is none."""
    found = Membership.objects.filter(organisation=centre, role=Role.CLERK, until=None).order_by("pk").first()
    return found.user if found else person("window", "窗口", Role.CLERK, centre)


def lead_of(body):
    """Return the responsible person of an enterprise, made when there is none."""
    found = Membership.objects.filter(organisation=body, role=Role.OWNER_LEAD, until=None).order_by("pk").first()
    return found.user if found else person(f"lead-{body.pk}", f"{body.name}负责人", Role.OWNER_LEAD, body)


def designer_of(project):
    """Return the designer of a project, entered when there is none."""
    from projects.models import Party
    from projects.states import PartyRole

    party = Party.objects.filter(project=project, role=PartyRole.DESIGNER).first()
    if party is None:
        body = enterprise("山西丹源建筑设计有限公司", 40000003)
        party = Party.objects.create(project=project, organisation=body, role=PartyRole.DESIGNER)
    return party.organisation


def received(project, codes, actors, *, at=None):
    """Hand in a complete application for these matters; return their cases in the order asked."""
    from packages.services.intake import submit_application

    application = open_application(project, codes, actors, at=at)
    complete(application, actors.clerk, at=at)
    submit_application(application.pk, by=actors.clerk, at=at)
    return [make_case(project, code) for code in codes]


def accepted(project, codes, actors, *, at=None):
    """Received and accepted at once; return the cases."""
    from packages.services.intake import accept_case

    for case in received(project, codes, actors, at=at):
        accept_case(case.pk, by=actors.clerk, at=at)
    return [make_case(project, code) for code in codes]


def in_review(project, code, actors, *, at=None):
    """Accepted, with its joint review opened by the outbox; return the case."""
    accepted(project, [code], actors, at=at)
    drain()
    return make_case(project, code)


def drain():
    """Carry out what the outbox holds, the rendering of papers left out."""
    outbox.drain_all(exclude=[s.name for s in outbox.subscribers() if s.queue == "render"])


def answer_all(case, *, verdict="agree", at=None):
    """Every asked department answers by its reviewer."""
    from packages.models import ReviewTask
    from packages.services.review import give_opinion

    tasks = ReviewTask.objects.filter(session__case=case, state__in=["invited", "opened"]).exclude(role="lead")
    for task in tasks.select_related("organisation").order_by("pk"):
        give_opinion(task.pk, by=official(task.organisation.code, Role.REVIEWER), verdict=verdict, reason="符合要求", at=at)


def merge(case, *, passed=True, at=None):
    """The lead merges."""
    from packages.models import JointSession
    from packages.services.review import merge_session

    session = JointSession.objects.filter(case=case).latest("round")
    return merge_session(
        session.pk, by=official(case.lead.code, Role.REVIEWER), passed=passed, text="各部门意见一致，汇总如上。", at=at
    )


def decide(case, *, outcome="pass", note="", at=None):
    """The chief of the lead department decides."""
    from packages.services.decision import decide_case

    return decide_case(case.pk, by=official(case.lead.code, Role.CHIEF), outcome=outcome, note=note, at=at)


def pause(case, *, by=None, approver=None, kind="expert", basis="专家评审管理办法第 6 条", days=5, at=None):
    """A special procedure that one person of the lead department asks for and its chief approves; return the case."""
    from packages.services.special import approve_special, request_special

    code = case.lead.code
    asked = request_special(
        case.pk, by=by or official(code, Role.REVIEWER), kind=kind, basis=basis, planned_days=days, at=at
    )
    return approve_special(asked.pk, by=approver or official(code, Role.CHIEF), at=at)


def resume(case, *, by=None, result="专家组同意", at=None):
    """End the special procedure of a case with its result document."""
    from packages.services.special import end_special

    person = by or official(case.lead.code, Role.REVIEWER)
    return end_special(case.pk, by=person, result=result, uploaded=pdf("结果.pdf", f"{case.pk}{result}"), at=at)


def close_outside(project, code, actors, *, on=None, at=None):
    """Record the outside result of a matter that is done elsewhere."""
    from packages.services.outside import record_outside_result
    from projects import timing

    case = make_case(project, code)
    return record_outside_result(
        case.pk, by=actors.clerk, result="已办成", on=on or timing.today(), evidence=pdf(f"{code}.pdf", code), at=at
    )


def pass_matter(project, code, actors, *, at=None):
    """Carry one matter to its grant, whatever its handling and its prerequisites' state allow."""
    from packages.services.intake import decide_on_spot

    case = make_case(project, code)
    if case.state == "decided_pass":  # 赋码 of a project that brought its national code
        return case
    if case.handling == "outside":
        return close_outside(project, code, actors, at=at)
    if case.promised_days == 0:
        [case] = received(project, [code], actors, at=at)
        return decide_on_spot(case.pk, by=official(case.lead.code, Role.CHIEF), at=at)
    case = in_review(project, code, actors, at=at)
    answer_all(case, at=at)
    merge(case, at=at)
    return decide(case, at=at)
