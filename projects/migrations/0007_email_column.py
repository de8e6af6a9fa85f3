"""The e-mail of an account gets a column that holds encrypted text; what stands in it is encrypted by the next one."""

from django.db import migrations

import projects.crypto


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0006_clock_first_overdue"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=projects.crypto.EncryptedTextField(blank=True, verbose_name="邮箱"),
        ),
    ]
