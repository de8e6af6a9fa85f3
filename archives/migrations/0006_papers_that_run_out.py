"""An index of the papers that have a last day."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Schema only."""

    dependencies = [("archives", "0005_withdrawal_request")]
    operations = [
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(name="paper_runs_out", fields=["valid_until"], condition=Q(valid_until__isnull=False)),
        ),
    ]
