"""Tables of major projects, batches of starts, and of the interface for other systems."""

import django.db.models.deletion
import django_fsm
import projects.fsm
import projects.migrating
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agency', '0005_voices'),
        ('archives', '0005_desk_papers'),
        ('projects', '0006_accounts'),
    ]

    operations = [
        projects.migrating.CreateTables(
            models=[
                migrations.CreateModel(
                    name='ApiToken',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=80, verbose_name='用途')),
                        ('scopes', models.JSONField(default=list, verbose_name='可读内容')),
                        ('prefix', models.CharField(max_length=12, verbose_name='前缀')),
                        ('digest', models.CharField(max_length=64, unique=True, verbose_name='摘要')),
                        ('expires_on', models.DateField(verbose_name='有效期至')),
                        ('made_at', models.DateTimeField(verbose_name='签发时间')),
                        ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='吊销时间')),
                        ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='最近使用')),
                        ('holder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='使用单位')),
                        ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='签发人')),
                        ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.region', verbose_name='数据范围')),
                        ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='吊销人')),
                    ],
                    options={
                        'verbose_name': '接口令牌',
                        'verbose_name_plural': '接口令牌',
                        'ordering': ('-pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('revoked_at', None), ('revoked_at__gte', models.F('made_at')), _connector='OR'), name='apitoken_revoked_after_made')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='ApiCall',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField(verbose_name='时间')),
                        ('path', models.CharField(max_length=200, verbose_name='地址')),
                        ('query', models.CharField(blank=True, max_length=200, verbose_name='参数')),
                        ('status', models.PositiveSmallIntegerField(verbose_name='状态')),
                        ('rows', models.PositiveIntegerField(default=0, verbose_name='行数')),
                        ('source', models.CharField(blank=True, max_length=45, verbose_name='来源地址')),
                        ('took_ms', models.PositiveIntegerField(default=0, verbose_name='毫秒')),
                        ('token', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='agency.apitoken', verbose_name='令牌')),
                    ],
                    options={
                        'verbose_name': '接口访问记录',
                        'verbose_name_plural': '接口访问记录',
                        'ordering': ('-pk',),
                        'constraints': [],
                        'indexes': [models.Index(fields=['token', '-id'], name='apicall_token_newest')],
                    },
                ),
                migrations.CreateModel(
                    name='Batch',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=80, verbose_name='批次')),
                        ('starts_on', models.DateField(verbose_name='开工日')),
                        ('place', models.CharField(blank=True, max_length=120, verbose_name='主会场')),
                        ('made_at', models.DateTimeField(verbose_name='创建时间')),
                        ('centre', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='中心')),
                        ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='创建人')),
                    ],
                    options={
                        'verbose_name': '集中开工批次',
                        'verbose_name_plural': '集中开工批次',
                        'ordering': ('-starts_on', '-pk'),
                        'constraints': [models.UniqueConstraint(fields=('centre', 'name'), name='batch_name_once')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='BatchEntry',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('state', projects.fsm.StateField(choices=[('proposed', '拟纳入'), ('confirmed', '已确认'), ('started', '已开工'), ('postponed', '延后')], default='proposed', max_length=24, protected=True, verbose_name='状态')),
                        ('started_on', models.DateField(blank=True, null=True, verbose_name='开工日期')),
                        ('reason', models.CharField(blank=True, max_length=300, verbose_name='延后原因')),
                        ('postponed_to', models.DateField(blank=True, null=True, verbose_name='延后至')),
                        ('added_at', models.DateTimeField(verbose_name='纳入时间')),
                        ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='纳入人')),
                        ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='agency.batch', verbose_name='批次')),
                        ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batch_entries', to='projects.project', verbose_name='项目')),
                    ],
                    options={
                        'verbose_name': '集中开工项目',
                        'verbose_name_plural': '集中开工项目',
                        'ordering': ('pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'confirmed', 'started', 'postponed'])), name='batchentry_state_known'), models.UniqueConstraint(fields=('batch', 'project'), name='batchentry_project_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'started'), _negated=True), ('started_on__isnull', False), _connector='OR'), name='batchentry_started_has_day'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'postponed'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='batchentry_postponed_has_reason')],
                        'indexes': [],
                    },
                    bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
                ),
                migrations.CreateModel(
                    name='BatchLine',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.SlugField(db_index=False, max_length=24, verbose_name='代号')),
                        ('order', models.PositiveSmallIntegerField(verbose_name='顺序')),
                        ('name', models.CharField(max_length=80, verbose_name='检查内容')),
                        ('is_required', models.BooleanField(default=True, verbose_name='必须具备')),
                        ('is_met', models.BooleanField(default=False, verbose_name='已具备')),
                        ('note', models.CharField(blank=True, max_length=200, verbose_name='说明')),
                        ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='核对时间')),
                        ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='核对人')),
                        ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='agency.batchentry', verbose_name='开工项目')),
                    ],
                    options={
                        'verbose_name': '开工条件',
                        'verbose_name_plural': '开工条件',
                        'ordering': ('entry', 'order'),
                        'constraints': [models.UniqueConstraint(fields=('entry', 'code'), name='batchline_code_once')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='MajorProject',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('level', models.CharField(choices=[('province', '省级重点'), ('city', '市级重大'), ('county', '县级重点')], default='county', max_length=10, verbose_name='级别')),
                        ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                        ('opens_on', models.DateField(blank=True, null=True, verbose_name='计划开工')),
                        ('listed_at', models.DateTimeField(verbose_name='列入时间')),
                        ('listed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='列入人')),
                        ('project', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='major', to='projects.project', verbose_name='项目')),
                    ],
                    options={
                        'verbose_name': '重大项目',
                        'verbose_name_plural': '重大项目',
                        'ordering': ('pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('level__in', ['province', 'city', 'county'])), name='majorproject_level_known')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='MajorMonth',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('month', models.DateField(help_text='当月1日', verbose_name='月份')),
                        ('planned', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='计划投资（万元）')),
                        ('done', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='完成投资（万元）')),
                        ('progress', models.CharField(blank=True, max_length=200, verbose_name='形象进度')),
                        ('reported_at', models.DateTimeField(blank=True, null=True, verbose_name='填报时间')),
                        ('reported_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='填报人')),
                        ('major', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='months', to='agency.majorproject', verbose_name='重大项目')),
                    ],
                    options={
                        'verbose_name': '月度投资',
                        'verbose_name_plural': '月度投资',
                        'ordering': ('major', 'month'),
                        'constraints': [models.UniqueConstraint(fields=('major', 'month'), name='majormonth_once'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='majormonth_first_of_month'), models.CheckConstraint(condition=models.Q(('planned__gte', 0), models.Q(('done', None), ('done__gte', 0), _connector='OR')), name='majormonth_not_negative')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='ResourceQuota',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.SlugField(db_index=False, max_length=24, verbose_name='指标')),
                        ('month', models.DateField(help_text='当月1日', verbose_name='月份')),
                        ('quantity', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='可用数量')),
                        ('document', models.CharField(max_length=200, verbose_name='依据')),
                        ('set_at', models.DateTimeField(verbose_name='登记时间')),
                        ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.region', verbose_name='区划')),
                        ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
                    ],
                    options={
                        'verbose_name': '指标额度',
                        'verbose_name_plural': '指标额度',
                        'ordering': ('kind', 'region', 'month'),
                        'constraints': [models.UniqueConstraint(fields=('region', 'kind', 'month'), name='resourcequota_once'), models.CheckConstraint(condition=models.Q(('month__day', 1), ('quantity__gte', 0), models.Q(('document', ''), _negated=True)), name='resourcequota_sound')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='ResourceTicket',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.SlugField(db_index=False, max_length=24, verbose_name='指标')),
                        ('state', projects.fsm.StateField(choices=[('unmeasured', '未测算'), ('measured', '已测算'), ('applied', '已申请'), ('balanced', '已平衡'), ('secured', '已落实'), ('written_off', '已核销')], default='unmeasured', max_length=24, protected=True, verbose_name='状态')),
                        ('quantity', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='需要数量')),
                        ('secured', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='落实数量')),
                        ('needed_by', models.DateField(verbose_name='需要时间')),
                        ('balance_level', models.CharField(blank=True, choices=[('district', '区内平衡'), ('city', '市级调剂')], max_length=10, verbose_name='平衡方式')),
                        ('note', models.CharField(blank=True, max_length=300, verbose_name='说明')),
                        ('opened_at', models.DateTimeField(verbose_name='提出时间')),
                        ('changed_at', models.DateTimeField(verbose_name='变动时间')),
                        ('evidence', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='archives.documentversion', verbose_name='落实依据')),
                        ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='提出人')),
                        ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='projects.project', verbose_name='项目')),
                        ('source', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.region', verbose_name='指标来源地')),
                    ],
                    options={
                        'verbose_name': '资源指标',
                        'verbose_name_plural': '资源指标',
                        'ordering': ('pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['unmeasured', 'measured', 'applied', 'balanced', 'secured', 'written_off'])), name='resourceticket_state_known'), models.UniqueConstraint(fields=('project', 'kind'), name='resourceticket_kind_once'), models.CheckConstraint(condition=models.Q(('state', 'unmeasured'), ('quantity__gt', 0), _connector='OR'), name='resourceticket_measured_has_quantity'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['secured', 'written_off']), _negated=True), models.Q(('evidence__isnull', False), ('secured__gt', 0)), _connector='OR'), name='resourceticket_held_has_evidence')],
                        'indexes': [models.Index(fields=['kind', 'needed_by'], name='resourceticket_kind_needed')],
                    },
                    bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
                ),
                migrations.CreateModel(
                    name='StartCheck',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('days', models.PositiveSmallIntegerField(verbose_name='开工后（日）')),
                        ('due_on', models.DateField(verbose_name='应核查日')),
                        ('is_working', models.BooleanField(blank=True, null=True, verbose_name='真正施工')),
                        ('note', models.CharField(blank=True, max_length=300, verbose_name='核查情况')),
                        ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='核查时间')),
                        ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='已提醒')),
                        ('checked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='核查人')),
                        ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='agency.batchentry', verbose_name='开工项目')),
                        ('photo', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='archives.documentversion', verbose_name='现场照片')),
                    ],
                    options={
                        'verbose_name': '开工后核查',
                        'verbose_name_plural': '开工后核查',
                        'ordering': ('entry', 'days'),
                        'constraints': [models.UniqueConstraint(fields=('entry', 'days'), name='startcheck_days_once'), models.CheckConstraint(condition=models.Q(('is_working', None), models.Q(('checked_at__isnull', False), ('photo__isnull', False)), _connector='OR'), name='startcheck_answer_has_photo')],
                        'indexes': [models.Index(condition=models.Q(('checked_at', None)), fields=['due_on'], name='startcheck_due')],
                    },
                ),
            ],
        ),
    ]
