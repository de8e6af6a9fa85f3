"""The document kind of a written request to withdraw, which the window files."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from archives.paper_kinds import ensure_own_kinds


def put_in_place(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Create it; the others stay as they are."""
    ensure_own_kinds(apps.get_model("archives", "DocumentKind"))


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("archives", "0004_work_order_paper")]
    operations = [migrations.RunPython(put_in_place, migrations.RunPython.noop)]
