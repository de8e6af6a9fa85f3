"""The e-mails of all accounts are encrypted like their telephones; what is encrypted already stays as it is."""

from django.db import migrations

from projects.crypto import ALGORITHM, decrypt, encrypt


def rewrite(schema_editor, made):
    """Write `made(stored)` in the place of each e-mail; by hand, since the field reads encrypted text only."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, email FROM projects_user WHERE email <> ''")
        rows = [(made(stored), key) for key, stored in cursor.fetchall()]
        cursor.executemany("UPDATE projects_user SET email = %s WHERE id = %s", rows)


def up(apps, schema_editor):
    rewrite(schema_editor, lambda stored: stored if stored.startswith(f"{ALGORITHM}:") else encrypt(stored))


def down(apps, schema_editor):
    rewrite(schema_editor, lambda stored: decrypt(stored) if stored.startswith(f"{ALGORITHM}:") else stored)


class Migration(migrations.Migration):
    """Data alone."""

    dependencies = [("projects", "0007_email_column")]

    operations = [migrations.RunPython(up, down, elidable=False)]
