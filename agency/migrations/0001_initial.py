"""The tables of agency."""

import django.db.models.deletion
import django_fsm
import projects.fsm
from django.conf import settings
from django.db import migrations, models

from projects.migrating import CreateTables


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('acceptance', '0001_initial'),
        ('archives', '0001_initial'),
        ('packages', '0001_initial'),
        ('projects', '0001_initial'),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='Agent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('specialties', models.JSONField(default=list, verbose_name='专长套餐')),
                    ('can_lead', models.BooleanField(default=False, verbose_name='可任项目长')),
                    ('can_serve', models.BooleanField(default=True, verbose_name='可任服务专员')),
                    ('load_cap', models.PositiveSmallIntegerField(default=20, verbose_name='在手项目上限')),
                    ('is_on_duty', models.BooleanField(default=True, verbose_name='在岗')),
                    ('conflicts', models.ManyToManyField(blank=True, related_name='+', to='projects.organisation', verbose_name='回避单位')),
                    ('regions', models.ManyToManyField(related_name='+', to='projects.region', verbose_name='片区')),
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='agent', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
                ],
                options={
                    'verbose_name': '代办人员',
                    'verbose_name_plural': '代办人员',
                    'ordering': ('pk',),
                },
            ),
            migrations.CreateModel(
                name='Assignment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('role', models.CharField(choices=[('lead_officer', '项目长'), ('service_agent', '服务专员')], max_length=14, verbose_name='身份')),
                    ('score', models.DecimalField(decimal_places=3, max_digits=5, verbose_name='匹配分')),
                    ('reasons', models.JSONField(default=list, verbose_name='理由')),
                    ('override_reason', models.CharField(blank=True, max_length=300, verbose_name='改派理由')),
                    ('assigned_at', models.DateTimeField(verbose_name='指派时间')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='agency.agent', verbose_name='人员')),
                    ('assigned_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='指派人')),
                    ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='projects.project', verbose_name='项目')),
                ],
                options={
                    'verbose_name': '代办指派',
                    'verbose_name_plural': '代办指派',
                    'ordering': ('pk',),
                    'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('project', 'role'), name='assignment_one_per_role'), models.CheckConstraint(condition=models.Q(('role__in', ['lead_officer', 'service_agent'])), name='assignment_role_known')],
                },
            ),
            migrations.CreateModel(
                name='Bulletin',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('series', models.CharField(choices=[('permit', '一站式施工许可月度通报')], default='permit', max_length=12, verbose_name='系列')),
                    ('year', models.PositiveSmallIntegerField(verbose_name='年')),
                    ('month', models.PositiveSmallIntegerField(verbose_name='月')),
                    ('period_start', models.DateTimeField(verbose_name='期初')),
                    ('period_end', models.DateTimeField(verbose_name='期末（不含）')),
                    ('state', projects.fsm.StateField(choices=[('collecting', '采集中'), ('frozen', '已冻结'), ('published', '已发布')], default='collecting', max_length=24, protected=True, verbose_name='状态')),
                    ('frozen_at', models.DateTimeField(blank=True, null=True, verbose_name='冻结时间')),
                    ('snapshot_hash', models.CharField(blank=True, max_length=80, verbose_name='快照哈希')),
                    ('centre', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='中心')),
                    ('frozen_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='冻结人')),
                    ('paper', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulletin', to='archives.paper', verbose_name='文书')),
                ],
                options={
                    'verbose_name': '月度通报',
                    'verbose_name_plural': '月度通报',
                    'ordering': ('-year', '-month'),
                    'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['collecting', 'frozen', 'published'])), name='bulletin_state_known'), models.UniqueConstraint(fields=('series', 'centre', 'year', 'month'), name='bulletin_month_unique'), models.CheckConstraint(condition=models.Q(('period_end__gt', models.F('period_start'))), name='bulletin_period_ordered')],
                },
                bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
            ),
            migrations.CreateModel(
                name='BulletinFigure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=24, verbose_name='指标')),
                    ('value', models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name='数值')),
                    ('case_ids', models.JSONField(default=list, verbose_name='所计办件')),
                    ('base_ids', models.JSONField(default=list, verbose_name='分母办件')),
                    ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='figures', to='agency.bulletin', verbose_name='通报')),
                    ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='部门')),
                ],
                options={
                    'verbose_name': '通报指标',
                    'verbose_name_plural': '通报指标',
                    'ordering': ('pk',),
                    'constraints': [models.UniqueConstraint(fields=('bulletin', 'organisation', 'key'), name='bulletinfigure_unique'), models.UniqueConstraint(condition=models.Q(('organisation', None)), fields=('bulletin', 'key'), name='bulletinfigure_total_unique')],
                },
            ),
            migrations.CreateModel(
                name='Notification',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('threshold', models.CharField(blank=True, choices=[('yellow', '即将到期'), ('due', '今日到期'), ('red', '已超时')], max_length=8, verbose_name='时点')),
                    ('text', models.CharField(max_length=300, verbose_name='内容')),
                    ('why', models.CharField(max_length=120, verbose_name='为什么收到')),
                    ('url', models.CharField(blank=True, max_length=200, verbose_name='链接')),
                    ('sent_at', models.DateTimeField(verbose_name='时间')),
                    ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='已读时间')),
                    ('clock', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.clock', verbose_name='时钟')),
                    ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='projects.project', verbose_name='项目')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to=settings.AUTH_USER_MODEL, verbose_name='收件人')),
                ],
                options={
                    'verbose_name': '消息',
                    'verbose_name_plural': '消息',
                    'ordering': ('-pk',),
                    'indexes': [models.Index(fields=['user', '-id'], name='notification_inbox')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('clock__isnull', False)), fields=('user', 'clock', 'threshold'), name='notification_once_per_threshold')],
                },
            ),
        ]),
    ]
