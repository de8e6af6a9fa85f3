"""Where the bound of an indicator of standard land comes from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Schema only."""

    dependencies = [("packages", "0001_initial")]  # noqa: RUF012

    operations = [  # noqa: RUF012
        migrations.AddField(
            model_name="landindicator",
            name="source",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="控制值出处"),
        ),
    ]
