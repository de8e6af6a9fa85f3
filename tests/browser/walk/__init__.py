"""What the steps of the walk through the portal hand on to each other."""

from tests.browser.pages import attachment

CODE = "2603-140581-89-05-163265"
NAME = "年产三万套液压支架部件厂房"


class Walk:
    """What the steps hand on to each other."""

    def __init__(self, portal, visit, folder):
        self.portal, self.visit, self.folder = portal, visit, folder
        self.project = 0
        self.token_path = ""
        self.certificate = ""

    def run(self, call):
        """Call a function of tests/browser/steps.py inside of the portal."""
        return self.portal.python(f"from tests.browser import steps\nresult = steps.{call}")

    def at(self, name):
        """The address of a page of the project."""
        return f"/projects/{self.project}/{name}"

    def sweep(self, app, job):
        """Let the worker run a sweep, as beat would later, and wait for its end."""
        ended = "select count(*) from projects_jobrun where job = %s and finished_at is not null"
        before = self.portal.rows(ended, job)[0]["count"]
        self.portal.python("from gaige.celery import app\napp.send_task(name)", name=f"{app}.tasks.{job}")
        self.portal.wait_for(lambda: self.portal.rows(ended, job)[0]["count"] > before, f"{job} has run")

    def facts(self):
        return self.run(f"facts_of({self.project})")

    def case_page(self, code):
        return f"/cases/{self.case(code)['id']}/"

    def tasks(self, code):
        """The ids of the review tasks of a case by department."""
        found = self.portal.rows(
            "select t.id, o.code from packages_reviewtask t join packages_jointsession s on s.id = t.session_id"
            " join projects_organisation o on o.id = t.organisation_id where s.case_id = %s", self.case(code)["id"],
        )
        return {row["code"]: row["id"] for row in found}

    def case(self, code):
        return self.portal.rows(
            "select c.* from packages_mattercase c join packages_matterversion v on v.id = c.matter_id"
            " join packages_matter m on m.id = v.matter_id where c.project_id = %s and m.code = %s",
            self.project, code,
        )[0]


def upload_what_is_missing(person, leave=0):
    """Meet the lines that are missing, one after another: a chosen file is sent by itself; one may meet several lines."""
    lines = person.page.locator("form.check[data-miss]")
    while (left := lines.count()) > leave:
        lines.first.locator("[name=uploaded]").set_input_files(attachment("演示材料"))
        person.page.wait_for_function("left => document.querySelectorAll('form.check[data-miss]').length < left", arg=left)
        person.check()
