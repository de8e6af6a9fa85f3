"""Messages: the ladder, digests, channels, chase slips."""

import django.db.models.deletion
import django_fsm
import projects.crypto
import projects.fsm
import projects.migrating
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agency', '0001_initial'),
        ('archives', '0004_chase_slip'),
    ]

    operations = [
        projects.migrating.CreateTables(
            models=[
                migrations.CreateModel(
                    name='Webhook',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='projects.organisation', verbose_name='单位')),
                        ('name', models.CharField(max_length=60, verbose_name='名称')),
                        ('url', models.CharField(max_length=300, verbose_name='地址')),
                        ('secret', projects.crypto.EncryptedTextField(verbose_name='密钥')),
                        ('kinds', models.JSONField(blank=True, default=list, verbose_name='消息种类')),
                        ('is_active', models.BooleanField(default=True, verbose_name='启用')),
                        ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
                        ('created_at', models.DateTimeField(verbose_name='登记时间')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='停用时间')),
                    ],
                    options={
                        'verbose_name': '系统对接地址',
                        'verbose_name_plural': '系统对接地址',
                        'ordering': ('pk',),
                        'constraints': [models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('organisation', 'url'), name='webhook_one_per_address')],
                    },
                ),
                migrations.CreateModel(
                    name='MessageChoice',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='message_choices', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                        ('kind', models.CharField(max_length=16, verbose_name='种类')),
                        ('channel', models.CharField(max_length=12, verbose_name='渠道')),
                        ('is_on', models.BooleanField(verbose_name='接收')),
                        ('changed_at', models.DateTimeField(verbose_name='修改时间')),
                    ],
                    options={
                        'verbose_name': '消息设置',
                        'verbose_name_plural': '消息设置',
                        'ordering': ('pk',),
                        'constraints': [models.UniqueConstraint(fields=('user', 'kind', 'channel'), name='messagechoice_unique')],
                    },
                ),
                migrations.CreateModel(
                    name='Dispatch',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('notification', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='dispatches', to='agency.notification', verbose_name='消息')),
                        ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='收件人')),
                        ('webhook', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='dispatches', to='agency.webhook', verbose_name='系统对接地址')),
                        ('channel', models.CharField(max_length=12, verbose_name='渠道')),
                        ('kind', models.CharField(blank=True, max_length=16, verbose_name='种类')),
                        ('key', models.CharField(max_length=120, unique=True, verbose_name='投递键')),
                        ('subject', models.CharField(max_length=120, verbose_name='标题')),
                        ('text', models.TextField(verbose_name='内容')),
                        ('url', models.CharField(blank=True, max_length=200, verbose_name='链接')),
                        ('state', models.CharField(choices=[('waiting', '待发送'), ('sending', '发送中'), ('sent', '已送出'), ('unsure', '未确认'), ('dead', '未送达'), ('dropped', '不再发送')], default='waiting', max_length=8, verbose_name='状态')),
                        ('created_at', models.DateTimeField(verbose_name='生成时间')),
                        ('next_at', models.DateTimeField(verbose_name='下次发送')),
                        ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='次数')),
                        ('claim', models.CharField(blank=True, max_length=32, verbose_name='认领')),
                        ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='认领时间')),
                        ('handed_at', models.DateTimeField(blank=True, null=True, verbose_name='交出时间')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                        ('error', models.CharField(blank=True, max_length=200, verbose_name='最近一次结果')),
                    ],
                    options={
                        'verbose_name': '投递',
                        'verbose_name_plural': '投递',
                        'ordering': ('-pk',),
                        'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_at'], name='dispatch_due'), models.Index(condition=models.Q(('state', 'sending')), fields=['claimed_at'], name='dispatch_claimed'), models.Index(condition=models.Q(('state__in', ['dead', 'unsure'])), fields=['-id'], name='dispatch_failed')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sending', 'sent', 'unsure', 'dead', 'dropped'])), name='dispatch_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('user__isnull', False), ('webhook__isnull', True)), models.Q(('user__isnull', True), ('webhook__isnull', False)), _connector='OR'), name='dispatch_one_addressee')],
                    },
                ),
                migrations.CreateModel(
                    name='DispatchAttempt',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('dispatch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='agency.dispatch', verbose_name='投递')),
                        ('number', models.PositiveSmallIntegerField(verbose_name='第几次')),
                        ('started_at', models.DateTimeField(verbose_name='开始')),
                        ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束')),
                        ('is_good', models.BooleanField(default=False, verbose_name='成功')),
                        ('words', models.CharField(blank=True, max_length=200, verbose_name='结果')),
                    ],
                    options={
                        'verbose_name': '投递记录',
                        'verbose_name_plural': '投递记录',
                        'ordering': ('pk',),
                    },
                ),
                migrations.CreateModel(
                    name='LadderMark',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('clock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.clock', verbose_name='时钟')),
                        ('threshold', models.CharField(choices=[('assigned', '新任务'), ('unopened', '尚未打开'), ('yellow', '即将到期'), ('due', '今日到期'), ('red', '已超时'), ('director', '报中心主任'), ('weekly', '列入周例会')], max_length=8, verbose_name='时点')),
                        ('reached_on', models.DateField(verbose_name='到达日')),
                        ('said_at', models.DateTimeField(verbose_name='提醒时间')),
                    ],
                    options={
                        'verbose_name': '提醒阶梯',
                        'verbose_name_plural': '提醒阶梯',
                        'ordering': ('pk',),
                        'indexes': [models.Index(condition=models.Q(('threshold__in', ['director', 'weekly'])), fields=['threshold', 'reached_on'], name='laddermark_heads')],
                        'constraints': [models.UniqueConstraint(fields=('clock', 'threshold'), name='laddermark_once')],
                    },
                ),
                migrations.CreateModel(
                    name='ChaseSlip',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chase_slips', to='projects.project', verbose_name='项目')),
                        ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='chase_slips', to='packages.mattercase', verbose_name='办件')),
                        ('clock', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.clock', verbose_name='时钟')),
                        ('to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='督办对象')),
                        ('colour', models.CharField(choices=[('blue', '蓝色（临期）'), ('yellow', '黄色（滞后）'), ('red', '红色（逾期）')], max_length=8, verbose_name='颜色')),
                        ('state', projects.fsm.StateField(choices=[('issued', '待回复'), ('answered', '已回复'), ('closed', '已销号')], default='issued', max_length=24, protected=True, verbose_name='状态')),
                        ('reason', models.CharField(max_length=300, verbose_name='督办事由')),
                        ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='签发人')),
                        ('issued_at', models.DateTimeField(verbose_name='签发时间')),
                        ('due_on', models.DateField(verbose_name='回复期限')),
                        ('answer', models.CharField(blank=True, max_length=500, verbose_name='原因和措施')),
                        ('promised_on', models.DateField(blank=True, null=True, verbose_name='承诺办结日')),
                        ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='回复人')),
                        ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='回复时间')),
                        ('returns', models.PositiveSmallIntegerField(default=0, verbose_name='退回次数')),
                        ('remark', models.CharField(blank=True, max_length=300, verbose_name='销号意见')),
                        ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='销号人')),
                        ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='销号时间')),
                        ('paper', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='chase_slip', to='archives.paper', verbose_name='文书')),
                    ],
                    options={
                        'verbose_name': '督办单',
                        'verbose_name_plural': '督办单',
                        'ordering': ('-pk',),
                        'indexes': [models.Index(condition=models.Q(('state', 'closed'), _negated=True), fields=['to', 'due_on'], name='chaseslip_open'), models.Index(condition=models.Q(('clock__isnull', False), models.Q(('state', 'closed'), _negated=True)), fields=['clock'], name='chaseslip_clock')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['issued', 'answered', 'closed'])), name='chaseslip_state_known'), models.CheckConstraint(condition=models.Q(('colour__in', ['blue', 'yellow', 'red'])), name='chaseslip_colour_known'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='chaseslip_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', False), _connector='OR'), name='chaseslip_closed_with_time'), models.UniqueConstraint(condition=models.Q(('case__isnull', False), models.Q(('state', 'closed'), _negated=True)), fields=('case', 'to', 'colour'), name='chaseslip_one_open_per_case'), models.UniqueConstraint(condition=models.Q(('case__isnull', True), models.Q(('state', 'closed'), _negated=True)), fields=('project', 'to', 'colour'), name='chaseslip_one_open_per_project')],
                    },
                    bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
                ),
            ],
        ),
        migrations.AddField(
            model_name='notification',
            name='kind',
            field=models.CharField(blank=True, default='', max_length=16, verbose_name='种类'),
        ),
        migrations.AddField(
            model_name='notification',
            name='batch',
            field=models.CharField(blank=True, default='', max_length=64, verbose_name='同一件事'),
        ),
        migrations.AddField(
            model_name='notification',
            name='part_of',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='agency.notification', verbose_name='所属汇总'),
        ),
        migrations.AddField(
            model_name='notification',
            name='digest_on',
            field=models.DateField(blank=True, null=True, verbose_name='汇总日'),
        ),
        migrations.AddField(
            model_name='notification',
            name='over_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='不再需要'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='threshold',
            field=models.CharField(blank=True, choices=[('assigned', '新任务'), ('unopened', '尚未打开'), ('yellow', '即将到期'), ('due', '今日到期'), ('red', '已超时'), ('director', '报中心主任'), ('weekly', '列入周例会')], max_length=8, verbose_name='时点'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('over_at__isnull', True), ('part_of__isnull', True), ('read_at__isnull', True)), fields=['user'], name='notification_unread'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('clock__isnull', False), ('over_at__isnull', True), ('part_of__isnull', True), ('read_at__isnull', True)), fields=['user'], name='notification_loose'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(condition=models.Q(('batch', ''), _negated=True), fields=('batch', 'user'), name='notification_once_per_batch'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(condition=models.Q(('digest_on__isnull', False)), fields=('user', 'digest_on'), name='notification_one_digest_a_day'),
        ),
    ]
