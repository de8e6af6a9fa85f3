"""Load the published working calendars, 2020-2026, with their source documents."""

from django.db import migrations

from projects.calendar_data import load_published_calendar


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("projects", "0001_initial")]

    operations = [migrations.RunPython(load_published_calendar, migrations.RunPython.noop, elidable=False)]
