"""PostgreSQL refuses to change or delete an event, whoever asks. TRUNCATE stays possible: tests empty their tables."""

from django.db import migrations

UP = """
CREATE OR REPLACE FUNCTION projects_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'projects_event is append-only: % of event % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER IF EXISTS projects_event_append_only ON projects_event;
CREATE TRIGGER projects_event_append_only BEFORE UPDATE OR DELETE ON projects_event
    FOR EACH ROW EXECUTE FUNCTION projects_event_append_only();
"""
DOWN = """
DROP TRIGGER IF EXISTS projects_event_append_only ON projects_event;
DROP FUNCTION IF EXISTS projects_event_append_only();
"""


def run(sql):
    def forwards(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, params=None)

    return forwards


class Migration(migrations.Migration):
    """PostgreSQL only; SQLite has the refusal of the model alone."""

    dependencies = [("projects", "0003_regions")]

    operations = [migrations.RunPython(run(UP), run(DOWN), elidable=False)]
