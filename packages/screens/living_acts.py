"""What the page of a case offers because of papers that run out: their words, a pre-permit, a letter for a line."""

from __future__ import annotations

from django.urls import reverse

from packages import living_data, living_rules
from packages.models import MaterialItem, MatterCase
from packages.screens.acting import Act
from packages.services.letters import letters_for
from packages.states import CASE_ENDED, MaterialState
from projects import timing
from projects.models import User


def living_acts(case: MatterCase, user: User) -> list[Act]:
    """What this person may do; what is nobody's work here is left out. No query for an ordinary matter."""
    code, day = case.matter.matter.code, timing.today()
    if case.state in CASE_ENDED:
        return []
    found = []
    if living_data.permit_kind_of(code, day) or living_data.letter_rule_of(code, day):
        found.append(("拟定文书内容", "packages:terms", living_rules.can_set_terms(user, case)))
    if living_data.prepermit_kinds(code, day):
        found.append(("出具预许可", "packages:prepermit", living_rules.can_issue_prepermit(user, case)))
    acts = [Act(label, reverse(name, args=[case.pk]), verdict) for label, name, verdict in found if verdict]
    users = {code for rule in living_data.letter_rules() for code in rule.usable_by}
    return acts + (_letters(case, user) if code in users else [])


def _letters(case: MatterCase, user: User) -> list[Act]:
    open_states = [MaterialState.MISSING, MaterialState.AWAITED]
    lines = MaterialItem.objects.filter(case=case, state__in=open_states).select_related("kind").order_by("order")
    acts = []
    for line in lines:
        line.case = case
        if letters_for(line, timing.today()) and living_rules.can_use_letter(user, line):
            url = reverse("packages:use_letter", args=[line.pk])
            acts.append(Act(f"以函代证：{line.name}", url, living_rules.can_use_letter(user, line)))
    return acts
