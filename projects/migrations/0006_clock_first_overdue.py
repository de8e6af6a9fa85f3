"""The cockpit looks the few clocks that went past their day up by when they did: a small partial index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_name_search"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("first_overdue_at__isnull", False)), fields=["first_overdue_at"],
                name="clock_first_overdue",
            ),
        ),
    ]
