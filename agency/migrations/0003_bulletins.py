"""Bulletins in series, districts and versions with their lists; what the simple form had stored is frozen anew."""

import django.db.models.deletion
import django_fsm
import projects.fsm
from django.conf import settings
from django.db import migrations, models

from projects.migrating import CreateTables


class Migration(migrations.Migration):

    dependencies = [
        ('agency', '0002_messages'),
        ('archives', '0001_initial'),
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.DeleteModel(
            name='BulletinFigure',
        ),
        migrations.DeleteModel(
            name='Bulletin',
        ),
        CreateTables(
            models=[
                migrations.CreateModel(
                    name='Bulletin',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('series', models.CharField(choices=[('permit', '一站式施工许可月度通报'), ('acceptance', '综合竣工验收月度通报'), ('annual', '工程建设项目审批年度报告')], default='permit', max_length=12, verbose_name='系列')),
                        ('centre', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='中心')),
                        ('region', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.region', verbose_name='区县')),
                        ('year', models.PositiveSmallIntegerField(verbose_name='年')),
                        ('month', models.PositiveSmallIntegerField(verbose_name='月')),
                        ('version', models.PositiveSmallIntegerField(default=1, verbose_name='版次')),
                        ('previous', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='next', to='agency.bulletin', verbose_name='更正的版次')),
                        ('erratum', models.CharField(blank=True, max_length=500, verbose_name='更正说明')),
                        ('period_start', models.DateTimeField(verbose_name='期初')),
                        ('period_end', models.DateTimeField(verbose_name='期末（不含）')),
                        ('state', projects.fsm.StateField(choices=[('collecting', '采集中'), ('frozen', '已冻结'), ('checking', '核对'), ('signing', '待签'), ('published', '已发布'), ('corrected', '已更正')], default='collecting', max_length=24, protected=True, verbose_name='状态')),
                        ('frozen_at', models.DateTimeField(blank=True, null=True, verbose_name='冻结时间')),
                        ('frozen_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='冻结人')),
                        ('drafted_at', models.DateTimeField(blank=True, null=True, verbose_name='送核时间')),
                        ('drafted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='起草人')),
                        ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='核对时间')),
                        ('checked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='核对人')),
                        ('check_note', models.CharField(blank=True, max_length=300, verbose_name='核对意见')),
                        ('signed_at', models.DateTimeField(blank=True, null=True, verbose_name='签发时间')),
                        ('signed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='签发人')),
                        ('content', models.JSONField(default=dict, verbose_name='冻结的内容')),
                        ('snapshot_hash', models.CharField(blank=True, max_length=80, verbose_name='快照哈希')),
                        ('paper', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulletin', to='archives.paper', verbose_name='文书')),
                    ],
                    options={
                        'verbose_name': '月度通报',
                        'verbose_name_plural': '月度通报',
                        'ordering': ('-year', '-month', '-series', 'region_id', '-version'),
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['collecting', 'frozen', 'checking', 'signing', 'published', 'corrected'])), name='bulletin_state_known'), models.UniqueConstraint(condition=models.Q(('region', None)), fields=('series', 'centre', 'year', 'month', 'version'), name='bulletin_month_unique'), models.UniqueConstraint(condition=models.Q(('region__isnull', False)), fields=('series', 'centre', 'region', 'year', 'month', 'version'), name='bulletin_region_unique'), models.CheckConstraint(condition=models.Q(('period_end__gt', models.F('period_start'))), name='bulletin_period_ordered'), models.CheckConstraint(condition=models.Q(models.Q(('previous', None), ('version', 1)), models.Q(('previous__isnull', False), ('version__gt', 1), models.Q(('erratum', ''), _negated=True)), _connector='OR'), name='bulletin_version_says_why')],
                        'indexes': [],
                    },
                    bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
                ),
                migrations.CreateModel(
                    name='BulletinList',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lists', to='agency.bulletin', verbose_name='通报')),
                        ('digest', models.CharField(max_length=64, verbose_name='摘要')),
                        ('ids', models.JSONField(default=list, verbose_name='所计对象')),
                    ],
                    options={
                        'verbose_name': '通报清单',
                        'verbose_name_plural': '通报清单',
                        'ordering': ('pk',),
                        'constraints': [models.UniqueConstraint(fields=('bulletin', 'digest'), name='bulletinlist_once')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='BulletinFigure',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='figures', to='agency.bulletin', verbose_name='通报')),
                        ('group', models.CharField(choices=[('total', '合计'), ('region', '分区'), ('body', '部门'), ('item', '验收事项'), ('agent', '代办'), ('desk', '督办'), ('quality', '数据质量')], max_length=12, verbose_name='分组')),
                        ('row', models.PositiveIntegerField(default=0, verbose_name='行')),
                        ('key', models.CharField(max_length=24, verbose_name='指标')),
                        ('value', models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name='数值')),
                        ('counted', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agency.bulletinlist', verbose_name='所计对象')),
                        ('base', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agency.bulletinlist', verbose_name='分母对象')),
                    ],
                    options={
                        'verbose_name': '通报指标',
                        'verbose_name_plural': '通报指标',
                        'ordering': ('pk',),
                        'constraints': [models.UniqueConstraint(fields=('bulletin', 'group', 'row', 'key'), name='bulletinfigure_unique')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='BulletinLines',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('bulletin', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='agency.bulletin', verbose_name='通报')),
                        ('rows', models.JSONField(default=list, verbose_name='办件')),
                    ],
                    options={
                        'verbose_name': '通报办件',
                        'verbose_name_plural': '通报办件',
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='BulletinProblem',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='problems', to='agency.bulletin', verbose_name='通报')),
                        ('number', models.PositiveSmallIntegerField(verbose_name='序号')),
                        ('case_id', models.BigIntegerField(help_text='仅审批侧可见', null=True, verbose_name='办件')),
                        ('what', models.CharField(max_length=200, verbose_name='问题')),
                        ('cause', models.CharField(blank=True, max_length=200, verbose_name='原因')),
                        ('fix', models.CharField(blank=True, max_length=200, verbose_name='整改措施')),
                        ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='责任单位')),
                        ('due_on', models.DateField(verbose_name='整改期限')),
                        ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='整改完成')),
                        ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='核实人')),
                        ('outcome', models.CharField(blank=True, max_length=200, verbose_name='整改结果')),
                    ],
                    options={
                        'verbose_name': '典型问题',
                        'verbose_name_plural': '典型问题',
                        'ordering': ('bulletin', 'number'),
                        'constraints': [models.UniqueConstraint(fields=('bulletin', 'number'), name='bulletinproblem_number')],
                        'indexes': [],
                    },
                ),
            ],
        ),
    ]
