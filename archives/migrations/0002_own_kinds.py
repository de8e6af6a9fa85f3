"""The document kinds of the papers that the portal issues itself."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from archives.paper_kinds import ensure_own_kinds


def put_in_place(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Create or update them."""
    ensure_own_kinds(apps.get_model("archives", "DocumentKind"))


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("archives", "0001_initial")]
    operations = [migrations.RunPython(put_in_place, migrations.RunPython.noop)]
