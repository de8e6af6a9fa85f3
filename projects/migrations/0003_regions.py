"""Load the regions that the portal names, each under its parent (140581 under 140500 under 140000)."""

from django.db import migrations

from projects.regions import REGIONS, parent_code


def load(apps, schema_editor):
    region = apps.get_model("projects", "Region")
    alias = schema_editor.connection.alias
    rows = {}
    for code, name in sorted(REGIONS.items()):
        parent = rows.get(parent_code(code))
        rows[code], _ = region.objects.using(alias).get_or_create(code=code, defaults={"name": name, "parent": parent})


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("projects", "0002_published_calendar")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop, elidable=False)]
