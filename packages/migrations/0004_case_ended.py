"""The month before and the bulletins read what ended since a day."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('packages', '0003_late_entries'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='mattercase',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='mattercase_ended'),
        ),
    ]
