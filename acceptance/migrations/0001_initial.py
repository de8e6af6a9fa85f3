"""The tables of acceptance."""

import django.db.models.deletion
import django_fsm
import projects.fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archives', '0001_initial'),
        ('packages', '0001_initial'),
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AcceptanceApplication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', projects.fsm.StateField(choices=[('draft', '待申请'), ('applied', '已申请'), ('doc_review', '资料审核'), ('site', '现场验收'), ('rectifying', '集中整改'), ('recheck', '复核'), ('merging', '汇总'), ('passed', '通过'), ('failed', '不通过')], default='applied', max_length=24, protected=True, verbose_name='状态')),
                ('round', models.PositiveSmallIntegerField(default=1, verbose_name='轮次')),
                ('applied_at', models.DateTimeField(verbose_name='申请时间')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='受理时间')),
                ('list_issued_at', models.DateTimeField(blank=True, null=True, verbose_name='一次告知时间')),
                ('concluded_at', models.DateTimeField(blank=True, null=True, verbose_name='结论时间')),
                ('conclusion_note', models.CharField(blank=True, max_length=500, verbose_name='结论说明')),
                ('application', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='acceptance', to='packages.application', verbose_name='申报')),
                ('applied_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='申请人')),
                ('clock', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.clock', verbose_name='时钟')),
                ('concluded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='结论人')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='牵头部门')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='projects.project', verbose_name='项目')),
                ('work_unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.workunit', verbose_name='工程')),
            ],
            options={
                'verbose_name': '联合验收',
                'verbose_name_plural': '联合验收',
                'ordering': ('-pk',),
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'applied', 'doc_review', 'site', 'rectifying', 'recheck', 'merging', 'passed', 'failed'])), name='acceptanceapplication_state_known'), models.UniqueConstraint(condition=models.Q(('state__in', ['failed', 'draft']), _negated=True), fields=('work_unit',), name='acceptanceapplication_one_live')],
            },
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='AcceptanceItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('name', models.CharField(max_length=120, verbose_name='验收事项')),
                ('is_gate', models.BooleanField(default=True, verbose_name='结论前提')),
                ('state', projects.fsm.StateField(choices=[('pending', '未审'), ('passed', '合格'), ('rectifying', '整改中'), ('rechecked', '复核合格'), ('not_involved', '不涉及'), ('failed', '不合格')], default='pending', max_length=24, protected=True, verbose_name='状态')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='意见')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='验收时间')),
                ('acceptance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='acceptance.acceptanceapplication', verbose_name='联合验收')),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acceptance_items', to='packages.mattercase', verbose_name='办件')),
                ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='验收人')),
                ('definition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='packages.acceptanceitemdef', verbose_name='验收事项')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='部门')),
            ],
            options={
                'verbose_name': '验收事项',
                'verbose_name_plural': '验收事项',
                'ordering': ('number',),
                'indexes': [models.Index(fields=['organisation', 'state'], name='acceptanceitem_of_body')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'passed', 'rectifying', 'rechecked', 'not_involved', 'failed'])), name='acceptanceitem_state_known'), models.UniqueConstraint(fields=('acceptance', 'definition'), name='acceptanceitem_once')],
            },
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='SiteVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('planned_on', models.DateField(verbose_name='约定日期')),
                ('held_on', models.DateField(blank=True, null=True, verbose_name='到场日期')),
                ('attendees', models.JSONField(blank=True, default=list, verbose_name='到场单位')),
                ('record', models.TextField(blank=True, verbose_name='记录')),
                ('acceptance', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='visit', to='acceptance.acceptanceapplication', verbose_name='联合验收')),
                ('arranged_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='安排人')),
            ],
            options={
                'verbose_name': '现场验收',
                'verbose_name_plural': '现场验收',
            },
        ),
    ]
