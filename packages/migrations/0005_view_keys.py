"""The digit of a saved view is kept with it."""

from django.conf import settings
from django.db import migrations, models


def give_keys(apps, schema_editor):
    """The first nine views of a person, the oldest first, keep the digits that they were shown with."""
    taken = {}
    for view in apps.get_model("packages", "SavedView").objects.order_by("user_id", "pk").iterator():
        taken[view.user_id] = taken.get(view.user_id, 0) + 1
        if taken[view.user_id] <= 9:
            view.key = taken[view.user_id]
            view.save(update_fields=["key"])


class Migration(migrations.Migration):

    dependencies = [
        ('packages', '0004_case_ended'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='savedview',
            name='key',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='快捷键'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('user', 'key'), name='savedview_key_once'),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop, elidable=True),
    ]
