"""Who may do what with a case: a table of every rule and every actor; each refusal says who does it instead."""


from packages import review_rules, rules
from packages.models import JointSession, MaterialItem, ReviewTask
from packages.services.correction import notice_faults
from projects.models import IssueItem, Project
from projects.states import Role
from tests import factories
from tests.kept import kept

FAULT = {"what": "缺总图", "basis": "指南第 2 条", "how_to_fix": "上传总图"}
PEOPLE = (
    "owner", "owner_staff", "clerk", "reviewer", "lead_reviewer", "chief", "agent", "dispatcher", "director", "outsider",
)
FILES = {"owner", "owner_staff", "clerk", "agent"}


def build():
    actors = factories.make_actors()
    return {"actors": actors, "scene": scene_of(actors)}


_world, world, actors, scene = kept(build, "actors", "scene")


def scene_of(actors):
    """One object in the state in which each rule may hold; the agent serves the project; the bureau leads."""
    from django.db import transaction

    from projects.events import lock_project
    from projects.services.involvement import involve

    project = factories.enrolled_project(actors, "S2")
    with transaction.atomic():
        involve(lock_project(project.pk), role="service_agent", user=actors.agent, by=actors.dispatcher)
    other = factories.enrolled_project(actors, "S2")
    review = factories.in_review(project, "util-joint", actors)
    correcting = factories.in_review(other, "util-joint", actors)
    with transaction.atomic():
        involve(lock_project(other.pk), role="service_agent", user=actors.agent, by=actors.dispatcher)
    notice_faults(correcting.pk, faults=[FAULT], by=actors.lead_reviewer, kind="correction")
    application = factories.open_application(project, ["plan-permit", "ent-filing"], actors)
    [received] = factories.received(project, ["drawing-review"], actors) if _has(project, "drawing-review") else (
        factories.received(project, ["waste-disposal"], actors)
    )
    return {
        "project": project, "draft": application, "material": MaterialItem.objects.filter(
            case__application=application).first(), "received": received, "review": review,
        "issue": IssueItem.objects.get(project=other), "task": ReviewTask.objects.filter(
            session__case=review, organisation__code="power-company").get(),
        "session": JointSession.objects.get(case=review), "outside": factories.make_case(project, "land-transfer"),
    }


def _has(project, code):
    return project.cases.filter(matter__matter__code=code).exists()


TABLE = {
    ("can_enrol", "project"): FILES,
    ("can_apply", "project"): FILES,
    ("can_receive", "draft"): FILES,
    ("can_set_material", "material"): FILES,
    ("can_accept", "received"): {"clerk", "lead_reviewer", "chief"},
    ("can_notice", "received"): {"clerk", "lead_reviewer", "chief"},
    ("can_refuse", "received"): {"clerk", "lead_reviewer", "chief"},
    ("can_withdraw", "received"): {"clerk"},
    ("can_withdraw", "review"): {"clerk"},
    ("can_request_withdrawal", "received"): {"owner", "owner_staff"},
    ("can_answer_withdrawal", "received"): {"clerk"},
    ("can_answer_withdrawal", "review"): {"clerk", "lead_reviewer", "chief"},
    ("can_request_extension", "received"): set(),
    ("can_request_extension", "review"): {"lead_reviewer", "chief"},
    ("can_close_overdue", "review"): set(),
    ("can_deliver", "review"): set(),
    ("can_revoke", "review"): set(),
    ("can_notice", "review"): {"lead_reviewer", "chief"},
    ("can_answer_fault", "issue"): FILES,
    ("can_open_task", "task"): set(),
    ("can_give_opinion", "task"): set(),
    ("can_merge", "session"): set(),
    ("can_decide", "review"): {"chief"},
    ("can_record_outside", "outside"): {"clerk", "agent"},
    ("can_start_special", "review"): {"lead_reviewer", "chief"},
    ("can_end_special", "review"): set(),
    ("can_recall", "review"): {"chief"},
    ("can_decide_on_spot", "received"): set(),
}


def rule_of(name):
    """The rule of a row, wherever it stands."""
    return getattr(rules if hasattr(rules, name) else review_rules, name)


def test_every_rule_for_every_actor(scene, actors):
    found = {
        (name, subject): {who for who in PEOPLE if rule_of(name)(getattr(actors, who), scene[subject])}
        for name, subject in TABLE
    }
    assert found == TABLE


def test_every_refusal_is_a_chinese_sentence(scene, actors):
    for name, subject in TABLE:
        for who in PEOPLE:
            verdict = rule_of(name)(getattr(actors, who), scene[subject])
            assert bool(verdict) is (verdict.reason == "")
            if not verdict:
                assert verdict.reason.endswith("。"), (name, who)


def test_a_department_answers_for_itself_and_merges_when_all_are_done(scene, actors):
    mine = factories.official("power-company", Role.REVIEWER)
    assert review_rules.can_give_opinion(mine, scene["task"])
    assert not review_rules.can_give_opinion(factories.official("gas-company", Role.REVIEWER), scene["task"])
    early = review_rules.can_merge(actors.lead_reviewer, scene["session"]).reason
    assert early == "还有部门没有答复，全部答复或到期后才能汇总、整改、召开联审会或再次征求意见。"
    factories.answer_all(scene["review"])
    session = factories.fresh(scene["session"])
    assert {who for who in PEOPLE if review_rules.can_merge(getattr(actors, who), session)} == {"lead_reviewer", "chief"}
    assert review_rules.can_give_opinion(mine, factories.fresh(scene["task"])).reason == "这项意见已答复，不能再答复。"


def test_a_project_that_rests_takes_no_new_step(scene, actors):
    Project.objects.filter(pk=scene["project"].pk).update(status="suspended")
    project = factories.fresh(scene["project"])
    assert rules.can_apply(actors.clerk, project).reason == "项目暂缓，不能办理新的事项。"
    assert rules.can_enrol(actors.owner, project).reason == "项目暂缓，不能办理新的事项。"


def test_on_the_spot_is_for_the_lead_department(clock, actors):
    project = factories.enrolled_project(actors, "S3")
    [case] = factories.received(project, ["project-code"], actors)
    assert {who for who in PEOPLE if rules.can_decide_on_spot(getattr(actors, who), case)} == {"clerk", "chief"}
