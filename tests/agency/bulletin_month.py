"""The hand-checked month: ten cases whose figures were worked out on paper, and what the bulletin must say of them."""

import datetime as dt

from packages.models import MatterCase, MatterVersion
from projects import timing
from projects.clocks import start_clock
from projects.models import Organisation, WorkUnit
from projects.states import OrganisationKind
from tests import factories


def at(text):
    return dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=timing.BUSINESS_ZONE)


#: Department, received, accepted, decided, state, working days used, late, first overdue. The limit is two days.
MONTH = {
    1: ("natural-resources", "10-26 00:00", "10-26 09:00", "10-28 16:00", "decided_pass", 2, False, None),
    2: ("natural-resources", "10-25 23:59", "10-26 09:00", "11-02 16:00", "decided_pass", 5, True, "10-30 00:00"),
    3: ("natural-resources", "11-03 09:00", "11-03 09:00", "11-25 23:59", "decided_fail", 3, False, None),
    4: ("natural-resources", "11-20 09:00", "11-20 09:00", None, "in_review", None, False, "11-24 00:00"),
    5: ("natural-resources", "11-25 09:00", "11-25 09:00", "11-26 00:00", "decided_pass", 1, False, None),
    6: ("approval-bureau", "11-10 09:00", None, None, "withdrawn", None, False, None),
    7: ("approval-bureau", None, None, "11-05 09:00", "decided_pass", 0, False, None),
    8: ("approval-bureau", "11-01 09:00", "11-02 09:00", "11-06 16:00", "revoked", 4, False, None),
    9: ("approval-bureau", "10-20 09:00", "10-20 09:00", None, "suspended", None, False, "11-27 00:00"),
    10: ("other", "11-02 09:00", "11-02 09:00", "11-03 09:00", "decided_pass", 1, False, None),
}
#: What the month must say: (value, cases counted, cases of the denominator).
EXPECTED = {
    None: {
        "accepted": ("6.00", {1, 2, 3, 4, 5, 8}, set()), "decided": ("4.00", {1, 2, 3, 8}, set()),
        "running": ("3.00", {4, 5, 9}, set()), "mean_days": ("3.50", {1, 2, 3, 8}, set()),
        "median_days": ("3.50", {1, 2, 3, 8}, set()), "p90_days": ("5.00", {1, 2, 3, 8}, set()),
        "on_time": ("75.00", {1, 3, 8}, {1, 2, 3, 8}), "first_pass": ("75.00", {1, 2, 8}, {1, 2, 3, 8}),
        "corrections": ("0.00", {1, 2, 3, 8}, set()), "overdue": ("2.00", {2, 4}, set()),
        "late_rate": ("28.57", {2, 4}, {1, 2, 3, 4, 5, 8, 9}), "promised": ("0.00", set(), {1, 2, 3, 8}),
    },
    "natural-resources": {
        "decided": ("3.00", {1, 2, 3}, set()), "mean_days": ("3.33", {1, 2, 3}, set()),
        "on_time": ("66.67", {1, 3}, {1, 2, 3}), "overdue": ("2.00", {2, 4}, set()),
        "late_rate": ("40.00", {2, 4}, {1, 2, 3, 4, 5}),
    },
    "approval-bureau": {
        "decided": ("1.00", {8}, set()), "mean_days": ("4.00", {8}, set()), "on_time": ("100.00", {8}, {8}),
        "overdue": ("0.00", set(), set()), "late_rate": ("0.00", set(), {8, 9}),
    },
}


def make_month(actors, clock):
    """Make the month: number -> case. The clock stands at 2026-11-26 00:30 afterwards."""
    clock.to(at("10-20 09:00"))
    project = factories.make_project(actors)
    elsewhere = Organisation.objects.create(name="邻县行政审批局", kind=OrganisationKind.BUREAU)
    foreign = factories.make_project(actors)
    foreign.centre = elsewhere
    foreign.save()
    matter = MatterVersion.objects.get(matter__code="land-plan-permit")
    cases = {}
    for number, (lead, received, accepted, decided, state, used, late, over) in MONTH.items():
        home = foreign if lead == "other" else project
        running = None
        if over:
            clock.to(at("10-26 09:00"))
            running = start_clock(kind="promised", limit=2, on=clock.moment, project=home)
            type(running).objects.filter(pk=running.pk).update(first_overdue_at=at(over))
        cases[number] = MatterCase.objects.create(
            project=home, matter=matter, stage="planning", promised_days=2, state=state, number=f"N{number:03d}",
            work_unit=WorkUnit.objects.create(
                project=home, code=f"{home.code}-{number}", name=f"{number} 号工程", is_default=False
            ),
            lead=factories.organisation("approval-bureau" if lead == "other" else lead),
            handling="outside" if number == 7 else "review", promised_clock=running,
            received_at=received and at(received), accepted_at=accepted and at(accepted),
            decided_at=decided and at(decided), used_days=used, is_overdue=late,
            ended_at=at("11-11 09:00") if number == 6 else at("11-30 09:00") if number == 8 else decided and at(decided),
        )
    clock.to(at("11-26 00:30"))
    return cases


def told(figures, cases):
    """The figures as EXPECTED writes them: of the whole and of the departments, those keys that it names."""
    numbers = {case.pk: number for number, case in cases.items()}
    names = {factories.organisation(code).pk: code for code in EXPECTED if code}
    table = {}
    for (group, row, key), figure in figures.items():
        name = None if (group, row) == ("total", 0) else names.get(row) if group == "body" else "skip"
        if key not in EXPECTED.get(name, ()):
            continue
        for ids in (figure.numerator_ids, figure.denominator_ids):
            assert len(ids) == len(set(ids)), f"{key} counts a case twice"
        table.setdefault(name, {})[key] = (
            f"{figure.value:.2f}", {numbers[pk] for pk in figure.numerator_ids},
            {numbers[pk] for pk in figure.denominator_ids},
        )
    return table


def word_all(bulletin, by):
    """Word every proposed problem, as who drafts has to."""
    from agency.services.bulletin_problems import word_problem

    for problem in bulletin.problems.all():
        word_problem(problem.pk, by=by, what=problem.what, cause="未一次告清", fix="按清单逐项核对", due_on=problem.due_on)


def walk(bulletin, actors):
    """Freeze, draft, check, sign: three people's parts by two."""
    from agency.services import bulletins

    bulletin = bulletins.freeze(bulletin.pk, by=actors.director)
    word_all(bulletin, actors.dispatcher)
    bulletins.send_to_check(bulletin.pk, by=actors.director)
    bulletins.confirm(bulletin.pk, by=actors.dispatcher)
    return bulletins.publish(bulletin.pk, by=actors.director)
