"""Ratings of connections are ratings like all others."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('packages', '0001_initial'),
    ]

    operations = [
        migrations.DeleteModel(
            name='UtilityRating',
        ),
    ]
