"""What is answered to an objection and to an application for repair, and why an entry was removed, have own columns."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("projects", "0008_email_encrypted"),
    ]

    operations = [
        migrations.AddField(
            model_name="creditlisting", name="objection_answer",
            field=models.CharField(blank=True, max_length=300, verbose_name="异议处理说明"),
        ),
        migrations.AddField(
            model_name="creditlisting", name="repair_answer",
            field=models.CharField(blank=True, max_length=300, verbose_name="信用修复审核说明"),
        ),
        migrations.AddField(
            model_name="creditlisting", name="removal_reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="移出理由"),
        ),
    ]
