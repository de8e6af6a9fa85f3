"""Chinese search on PostgreSQL: trigrams over names and addresses serve `icontains` of the project list and the scan
field. Where the extension is not at hand, the search works without its index."""

from django.db import migrations

INDEXES = {
    "project_name_trigram": ("projects_project", "name"),
    "project_address_trigram": ("projects_project", "address"),
    "organisation_name_trigram": ("projects_organisation", "name"),
}


def up(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm", params=None)
    for name, (table, column) in INDEXES.items():
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin (UPPER({column}::text) gin_trgm_ops)", params=None
        )


def down(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}", params=None)


class Migration(migrations.Migration):
    """PostgreSQL only."""

    dependencies = [("projects", "0004_append_only")]

    operations = [migrations.RunPython(up, down, elidable=False)]
