"""Accounts, delegation, the three administrators, personal data."""
import django.db.models.deletion
import projects.crypto
import projects.migrating
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0005_name_search'),
    ]

    operations = [
        projects.migrating.CreateTables(
            models=[
                migrations.CreateModel(
                    name='SecondFactor',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='factor', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                        ('secret', projects.crypto.EncryptedTextField(verbose_name='密钥')),
                        ('made_at', models.DateTimeField(verbose_name='生成时间')),
                        ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='启用时间')),
                        ('last_step', models.BigIntegerField(default=0, verbose_name='最近一次时间步')),
                        ('recovery', models.JSONField(default=list, verbose_name='恢复码摘要')),
                    ],
                    options={
                        'verbose_name': '二次验证',
                        'verbose_name_plural': '二次验证',
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='SignIn',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_ins', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                        ('session_key', models.CharField(max_length=40, verbose_name='会话')),
                        ('address', models.CharField(blank=True, max_length=60, verbose_name='网络地址')),
                        ('device', models.CharField(blank=True, max_length=60, verbose_name='设备')),
                        ('started_at', models.DateTimeField(verbose_name='登录时间')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                        ('ended_why', models.CharField(blank=True, choices=[('', '有效'), ('out', '本人退出'), ('ended', '本人结束'), ('security', '安全管理员结束'), ('idle', '长时间没有操作'), ('password', '密码已更换')], max_length=10, verbose_name='结束原因')),
                    ],
                    options={
                        'verbose_name': '登录会话',
                        'verbose_name_plural': '登录会话',
                        'ordering': ('-pk',),
                        'indexes': [models.Index(fields=['user', '-id'], name='signin_of_user')],
                        'constraints': [models.UniqueConstraint(fields=('session_key',), name='signin_session_unique'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_why', '')), models.Q(('ended_at__isnull', False), models.Q(('ended_why', ''), _negated=True)), _connector='OR'), name='signin_ended_for_a_reason')],
                    },
                ),
                migrations.CreateModel(
                    name='PasswordRecord',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='passwords', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                        ('hash', models.CharField(max_length=128, verbose_name='摘要')),
                        ('set_at', models.DateTimeField(verbose_name='设定时间')),
                    ],
                    options={
                        'verbose_name': '历史密码',
                        'verbose_name_plural': '历史密码',
                        'ordering': ('-pk',),
                        'indexes': [models.Index(fields=['user', '-id'], name='passwordrecord_last')],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='Elevation',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='elevations', to=settings.AUTH_USER_MODEL, verbose_name='管理员')),
                        ('role', models.CharField(choices=[('owner_lead', '建设单位负责人'), ('owner_staff', '建设单位经办'), ('clerk', '窗口人员'), ('reviewer', '部门经办'), ('chief', '首席代表'), ('agent', '代办专员'), ('dispatcher', '代办调度'), ('director', '中心主任'), ('supervisor', '工改办'), ('archivist', '档案管理员'), ('inspector', '督查'), ('admin', '系统管理员'), ('security', '安全管理员'), ('auditor', '审计管理员')], max_length=20, verbose_name='角色')),
                        ('reason', models.CharField(max_length=200, verbose_name='事由')),
                        ('started_at', models.DateTimeField(verbose_name='开启时间')),
                        ('ends_at', models.DateTimeField(verbose_name='到期时间')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='关闭时间')),
                    ],
                    options={
                        'verbose_name': '特权操作',
                        'verbose_name_plural': '特权操作',
                        'ordering': ('-pk',),
                        'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['user', 'ends_at'], name='elevation_of_user')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='elevation_has_reason'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('started_at'))), name='elevation_ends_later'), models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'auditor', 'security'])), name='elevation_of_administrator')],
                    },
                ),
                migrations.CreateModel(
                    name='Consent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to=settings.AUTH_USER_MODEL, verbose_name='本人')),
                        ('purpose', models.CharField(max_length=30, verbose_name='用途')),
                        ('version', models.PositiveSmallIntegerField(verbose_name='版本')),
                        ('words', models.CharField(max_length=80, verbose_name='所见文字的摘要')),
                        ('given_at', models.DateTimeField(verbose_name='时间')),
                        ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='撤回时间')),
                    ],
                    options={
                        'verbose_name': '告知与同意',
                        'verbose_name_plural': '告知与同意',
                        'ordering': ('-pk',),
                        'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('user', 'purpose', 'version'), name='consent_one_standing'), models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('withdrawn_at__gte', models.F('given_at')), _connector='OR'), name='consent_withdrawn_later')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='PersonRequest',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='data_requests', to=settings.AUTH_USER_MODEL, verbose_name='本人')),
                        ('kind', models.CharField(choices=[('export', '查阅、复制'), ('correct', '更正、补充'), ('erase', '删除')], max_length=10, verbose_name='请求')),
                        ('state', models.CharField(choices=[('open', '待答复'), ('done', '已办理'), ('partly', '部分办理'), ('refused', '不予办理')], default='open', max_length=10, verbose_name='状态')),
                        ('text', models.CharField(blank=True, max_length=300, verbose_name='说明')),
                        ('asked_at', models.DateTimeField(verbose_name='提出时间')),
                        ('due_on', models.DateField(verbose_name='答复期限')),
                        ('answer', models.CharField(blank=True, max_length=500, verbose_name='答复')),
                        ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='答复时间')),
                        ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='答复人')),
                    ],
                    options={
                        'verbose_name': '个人信息请求',
                        'verbose_name_plural': '个人信息请求',
                        'ordering': ('-pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['export', 'correct', 'erase'])), name='personrequest_kind_known'), models.CheckConstraint(condition=models.Q(('state__in', ['open', 'done', 'partly', 'refused'])), name='personrequest_state_known'), models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('user', 'kind'), name='personrequest_one_open'), models.CheckConstraint(condition=models.Q(('state', 'open'), models.Q(('answer', ''), _negated=True), _connector='OR'), name='personrequest_answered')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='Provision',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('recipient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='接收方')),
                        ('recipient_name', models.CharField(max_length=100, verbose_name='接收方名称')),
                        ('what', models.CharField(max_length=300, verbose_name='内容')),
                        ('fields', models.CharField(blank=True, max_length=300, verbose_name='个人信息字段')),
                        ('purpose', models.CharField(max_length=200, verbose_name='目的')),
                        ('basis', models.CharField(max_length=200, verbose_name='依据')),
                        ('way', models.CharField(choices=[('transfer', '档案移交'), ('exchange', '数据共享交换'), ('file', '文件'), ('interface', '接口')], max_length=10, verbose_name='方式')),
                        ('project', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.project', verbose_name='项目')),
                        ('subject_type', models.CharField(blank=True, max_length=60, verbose_name='对象类型')),
                        ('subject_key', models.CharField(blank=True, max_length=40, verbose_name='对象主键')),
                        ('digest', models.CharField(blank=True, max_length=80, verbose_name='内容摘要')),
                        ('provided_at', models.DateTimeField(verbose_name='提供时间')),
                        ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人')),
                    ],
                    options={
                        'verbose_name': '对外提供记录',
                        'verbose_name_plural': '对外提供记录',
                        'ordering': ('-pk',),
                        'constraints': [models.UniqueConstraint(condition=models.Q(('subject_key', ''), _negated=True), fields=('subject_type', 'subject_key', 'digest'), name='provision_once_per_object'), models.CheckConstraint(condition=models.Q(models.Q(('purpose', ''), _negated=True), models.Q(('basis', ''), _negated=True), models.Q(('recipient_name', ''), _negated=True)), name='provision_says_why')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='SecurityRecord',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('impact', '个人信息保护影响评估'), ('incident', '安全事件')], max_length=10, verbose_name='种类')),
                        ('title', models.CharField(max_length=120, verbose_name='名称')),
                        ('happened_on', models.DateField(verbose_name='日期')),
                        ('text', models.TextField(verbose_name='经过或评估内容')),
                        ('risk', models.TextField(verbose_name='影响和风险')),
                        ('measures', models.TextField(verbose_name='措施')),
                        ('told', models.CharField(blank=True, max_length=300, verbose_name='告知和报告情况')),
                        ('recorded_at', models.DateTimeField(verbose_name='记录时间')),
                        ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='记录人')),
                    ],
                    options={
                        'verbose_name': '个人信息保护记录',
                        'verbose_name_plural': '个人信息保护记录',
                        'ordering': ('-pk',),
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['impact', 'incident'])), name='securityrecord_kind_known')],
                        'indexes': [],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='invitation',
                    name='role',
                    field=models.CharField(blank=True, choices=[('owner_lead', '建设单位负责人'), ('owner_staff', '建设单位经办'), ('clerk', '窗口人员'), ('reviewer', '部门经办'), ('chief', '首席代表'), ('agent', '代办专员'), ('dispatcher', '代办调度'), ('director', '中心主任'), ('supervisor', '工改办'), ('archivist', '档案管理员'), ('inspector', '督查'), ('admin', '系统管理员'), ('security', '安全管理员'), ('auditor', '审计管理员')], max_length=20, verbose_name='角色'),
                ),
                migrations.AlterField(
                    model_name='membership',
                    name='role',
                    field=models.CharField(choices=[('owner_lead', '建设单位负责人'), ('owner_staff', '建设单位经办'), ('clerk', '窗口人员'), ('reviewer', '部门经办'), ('chief', '首席代表'), ('agent', '代办专员'), ('dispatcher', '代办调度'), ('director', '中心主任'), ('supervisor', '工改办'), ('archivist', '档案管理员'), ('inspector', '督查'), ('admin', '系统管理员'), ('security', '安全管理员'), ('auditor', '审计管理员')], max_length=20, verbose_name='角色'),
                ),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='reason',
            field=models.CharField(blank=True, max_length=120, verbose_name='委托理由'),
        ),
        migrations.AddField(
            model_name='membership',
            name='giver',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='given', to=settings.AUTH_USER_MODEL, verbose_name='委托人'),
        ),
        migrations.RemoveConstraint(
            model_name='membership',
            name='membership_role_known',
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['owner_lead', 'owner_staff', 'clerk', 'reviewer', 'chief', 'agent', 'dispatcher', 'director', 'supervisor', 'archivist', 'inspector', 'admin', 'security', 'auditor'])), name='membership_role_known'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('giver', None), models.Q(('until__isnull', False), models.Q(('reason', ''), _negated=True), models.Q(('user', models.F('giver')), _negated=True)), _connector='OR'), name='membership_delegated_until'),
        ),
        migrations.AddIndex(
            model_name='accesslog',
            index=models.Index(fields=['user', '-id'], name='accesslog_of_user'),
        ),
    ]

