"""Search in Chinese words of files and titles on PostgreSQL."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INDEXES = {
    "versiontext_trigram": ("archives_versiontext", "text"),
    "document_title_trigram": ("archives_document", "title"),
}


def up(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Chinese search on PostgreSQL: trigrams serve `icontains`; without the extension it works without its index."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
    for name, (table, column) in INDEXES.items():
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin (UPPER({column}::text) gin_trgm_ops)", params=None
        )


def down(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the indexes."""
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}", params=None)


class Migration(migrations.Migration):
    """Indexes only."""

    dependencies = [("archives", "0002_own_kinds"), ("projects", "0005_name_search")]
    operations = [migrations.RunPython(up, down)]
