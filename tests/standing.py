"""What stands in the test database before a test: the calendar, the regions and the catalogue."""

from django.core.management import call_command
from django.db import connection, transaction

from projects import workdays


def prepare(*, bare):
    """Have calendar and catalogue committed; without the catalogue for a `bare` test. Nothing happens when it is so."""
    from packages.models import MatterVersion
    from tests import factories

    if bare and MatterVersion.objects.exists():
        call_command("flush", verbosity=0, interactive=False, allow_cascade=connection.vendor == "postgresql")
    with transaction.atomic():
        _calendar()
        if not bare:
            factories.load_catalogue()


def look():
    """Read the calendar's version once, so that no counted query falls on it.

    What a test before has edited is rolled back with it; the transaction of a shared world, in which it was, goes on.
    """
    if workdays._thread.edited_in is not None:
        workdays.forget()
    workdays.version()


def _calendar():
    from projects.calendar_data import load_published_calendar
    from projects.models import CalendarVersion

    if not CalendarVersion.objects.exists():
        load_published_calendar()
        workdays.forget()
