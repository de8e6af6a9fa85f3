"""A project walks from its code to its archive in the browser, each step by the login whose work it is."""

import pytest

from tests.browser.walk import Walk, acceptance, archive, permit, planning

pytestmark = [pytest.mark.browser, pytest.mark.slow(first=True)]


def test_a_project_walks_from_its_code_to_its_archive(live_portal, visit, tmp_path):
    walk = Walk(live_portal, visit, tmp_path)
    planning.registers_and_gets_its_plan(walk)
    planning.has_a_code_that_everybody_may_scan(walk)
    planning.gets_its_people(walk)
    planning.is_planned(walk)
    application = permit.is_handed_in_and_told_once(walk)
    permit.is_corrected(walk, application)
    permit.is_accepted(walk, application)
    permit.is_reviewed_by_all_at_once(walk)
    permit.is_silent_and_told(walk)
    permit.is_merged_and_decided(walk)
    key = acceptance.is_applied_for_when_built(walk)
    acceptance.is_visited_together(walk, key)
    acceptance.is_put_right_and_concluded(walk, key)
    acceptance.is_delivered(walk)
    archive.lies_in_the_archive(walk)
    archive.is_counted_in_the_bulletin(walk)
