"""The tables of archives."""

import django.db.models.deletion
import django_fsm
import projects.fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DocumentKind',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='代号')),
                ('name', models.CharField(max_length=120, verbose_name='名称')),
                ('doc_class', models.CharField(max_length=2, verbose_name='类目')),
                ('produced_by', models.CharField(max_length=300, verbose_name='产生于')),
                ('validity_days', models.PositiveIntegerField(blank=True, null=True, verbose_name='有效期（日）')),
                ('is_personal', models.BooleanField(default=False, verbose_name='含个人信息')),
                ('is_reusable', models.BooleanField(default=False, verbose_name='可复用')),
            ],
            options={
                'verbose_name': '文件种类',
                'verbose_name_plural': '文件种类',
                'ordering': ('doc_class', 'slug'),
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='题名')),
                ('doc_class', models.CharField(max_length=2, verbose_name='类目')),
                ('serial', models.PositiveIntegerField(verbose_name='序号')),
                ('visibility', models.CharField(choices=[('public', '公开'), ('project', '项目各方'), ('office', '审批侧')], default='project', max_length=10, verbose_name='公开范围')),
                ('source_type', models.CharField(max_length=60, verbose_name='来源类型')),
                ('source_key', models.CharField(max_length=40, verbose_name='来源主键')),
                ('source_label', models.CharField(max_length=200, verbose_name='来源环节')),
                ('filed_by_name', models.CharField(max_length=80, verbose_name='归档人姓名')),
                ('filed_at', models.DateTimeField(verbose_name='归档时间')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='有效期至')),
                ('filed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='归档人')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='projects.project', verbose_name='项目')),
                ('replaced_by', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='archives.document', verbose_name='被替换')),
                ('kind', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='archives.documentkind', verbose_name='种类')),
            ],
            options={
                'verbose_name': '档案文件',
                'verbose_name_plural': '档案文件',
                'ordering': ('doc_class', 'serial'),
                'indexes': [models.Index(fields=['project', 'kind', '-id'], name='document_project_kind')],
                'constraints': [models.UniqueConstraint(fields=('project', 'doc_class', 'serial'), name='document_serial_unique')],
            },
        ),
        migrations.CreateModel(
            name='Paper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('receipt', '材料回执'), ('deferred_acceptance', '容缺受理通知书'), ('deferral_late', '容缺逾期告知书'), ('commitment_told', '告知承诺告知书'), ('commitment', '承诺书'), ('breach_notice', '违诺认定通知书'), ('completion_notice', '补全告知书'), ('correction_notice', '补正告知书'), ('acceptance_notice', '受理通知书'), ('not_taken', '不受理回执'), ('refused_intake', '不予受理决定书'), ('special_notice', '特别程序告知书'), ('extension', '延长办理期限告知书'), ('correction_receipt', '补正物料回执'), ('return_receipt', '退件回执'), ('withdrawal', '撤件确认书'), ('recall', '撤回说明'), ('certificate', '证照批文'), ('deferral_notice', '容缺后补通知'), ('collection_receipt', '领证回执'), ('revocation', '撤销决定书'), ('refusal', '不予许可决定书'), ('review_opinion', '联合审查意见书'), ('conference_minutes', '联审会议纪要'), ('drawing_opinion', '施工图审查意见书'), ('drawing_handling', '施工图处理意见书'), ('drawing_pledge', '施工图承诺书'), ('one_stop_form', '施工许可一站式申请表'), ('permit_set', '施工许可证照套'), ('site_list', '联合验收一次性告知单'), ('conclusion', '竣工联合验收意见书'), ('project_card', '项目二维码卡'), ('bulletin', '月度通报'), ('lapse_notice', '失效告知书'), ('stop_notice', '停工核查通知书'), ('utility_receipt', '联合报装受理回执'), ('utility_reply', '接入方案及报价书'), ('utility_connected', '接入确认单'), ('pay_sheet', '缴费单')], max_length=24, verbose_name='文书种类')),
                ('state', projects.fsm.StateField(choices=[('valid', '有效'), ('replaced', '已换发'), ('revoked', '已撤销')], default='valid', max_length=24, protected=True, verbose_name='状态')),
                ('title', models.CharField(max_length=120, verbose_name='标题')),
                ('series', models.CharField(max_length=30, verbose_name='字')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('serial', models.PositiveIntegerField(verbose_name='顺序号')),
                ('number', models.CharField(max_length=60, verbose_name='文号')),
                ('content', models.JSONField(verbose_name='内容')),
                ('subject_type', models.CharField(max_length=60, verbose_name='对象类型')),
                ('subject_key', models.CharField(max_length=40, verbose_name='对象主键')),
                ('verify_code', models.CharField(max_length=20, unique=True, verbose_name='校验码')),
                ('is_public', models.BooleanField(default=False, verbose_name='公开')),
                ('issued_at', models.DateTimeField(verbose_name='出具时间')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='有效期至')),
                ('digest', models.CharField(blank=True, max_length=64, verbose_name='PDF 摘要')),
                ('size', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='PDF 字节数')),
                ('storage_key', models.CharField(blank=True, max_length=200, verbose_name='PDF 存储键')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='渲染领取')),
                ('rendered_at', models.DateTimeField(blank=True, null=True, verbose_name='生成时间')),
                ('document', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='paper', to='archives.document', verbose_name='档案文件')),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人')),
                ('issuer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='发文单位')),
                ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='papers', to='projects.project', verbose_name='项目')),
            ],
            options={
                'verbose_name': '文书',
                'verbose_name_plural': '文书',
                'ordering': ('-pk',),
                'indexes': [models.Index(fields=['subject_type', 'subject_key'], name='paper_of_subject'), models.Index(fields=['number'], name='paper_number'), models.Index(fields=['digest'], name='paper_digest'), models.Index(condition=models.Q(('rendered_at', None)), fields=['id'], name='paper_unrendered')],
                'constraints': [models.UniqueConstraint(fields=('issuer', 'series', 'year', 'serial'), name='paper_number_unique'), models.CheckConstraint(condition=models.Q(('kind__in', ['receipt', 'deferred_acceptance', 'deferral_late', 'commitment_told', 'commitment', 'breach_notice', 'completion_notice', 'correction_notice', 'acceptance_notice', 'not_taken', 'refused_intake', 'special_notice', 'extension', 'correction_receipt', 'return_receipt', 'withdrawal', 'recall', 'certificate', 'deferral_notice', 'collection_receipt', 'revocation', 'refusal', 'review_opinion', 'conference_minutes', 'drawing_opinion', 'drawing_handling', 'drawing_pledge', 'one_stop_form', 'permit_set', 'site_list', 'conclusion', 'project_card', 'bulletin', 'lapse_notice', 'stop_notice', 'utility_receipt', 'utility_reply', 'utility_connected', 'pay_sheet'])), name='paper_kind_known'), models.CheckConstraint(condition=models.Q(('state__in', ['valid', 'replaced', 'revoked'])), name='paper_state_known'), models.CheckConstraint(condition=models.Q(('rendered_at', None), ('rendered_at__gte', models.F('issued_at')), _connector='OR'), name='paper_rendered_after_issue'), models.CheckConstraint(condition=models.Q(('rendered_at', None), models.Q(models.Q(('digest', ''), _negated=True), models.Q(('storage_key', ''), _negated=True)), _connector='OR'), name='paper_rendered_has_bytes')],
            },
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sent_at', models.DateTimeField(verbose_name='发到门户')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='首次打开')),
                ('way', models.CharField(blank=True, choices=[('portal', '网上签收'), ('counter', '窗口签收')], max_length=8, verbose_name='方式')),
                ('signed_at', models.DateTimeField(blank=True, null=True, verbose_name='签收时间')),
                ('signed_name', models.CharField(blank=True, max_length=50, verbose_name='签收人')),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='打开人')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.organisation', verbose_name='收件单位')),
                ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经手人')),
                ('paper', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='delivery', to='archives.paper', verbose_name='文书')),
            ],
            options={
                'verbose_name': '送达',
                'verbose_name_plural': '送达',
                'ordering': ('-pk',),
                'indexes': [models.Index(condition=models.Q(('signed_at', None)), fields=['organisation', 'id'], name='delivery_unsigned')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('signed_at', None), ('signed_name', ''), ('way', '')), models.Q(('signed_at__isnull', False), models.Q(('signed_name', ''), _negated=True), ('way__in', ['portal', 'counter'])), _connector='OR'), name='delivery_signed_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='DocumentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='版次')),
                ('algorithm', models.CharField(default='sha256', max_length=12, verbose_name='摘要算法')),
                ('digest', models.CharField(max_length=64, verbose_name='摘要')),
                ('size', models.PositiveBigIntegerField(verbose_name='字节数')),
                ('media_type', models.CharField(max_length=80, verbose_name='格式')),
                ('file_name', models.CharField(max_length=150, verbose_name='文件名')),
                ('storage_key', models.CharField(max_length=200, verbose_name='存储键')),
                ('added_at', models.DateTimeField(verbose_name='入库时间')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='最近校验')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='archives.document', verbose_name='文件')),
            ],
            options={
                'verbose_name': '文件版本',
                'verbose_name_plural': '文件版本',
                'ordering': ('document', 'version'),
                'indexes': [models.Index(fields=['digest'], name='documentversion_digest')],
                'constraints': [models.UniqueConstraint(fields=('document', 'version'), name='documentversion_unique')],
            },
        ),
        migrations.CreateModel(
            name='IssueEvidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='projects.issueitem', verbose_name='问题')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='archives.documentversion', verbose_name='文件版本')),
            ],
            options={
                'verbose_name': '佐证',
                'verbose_name_plural': '佐证',
                'constraints': [models.UniqueConstraint(fields=('issue', 'version'), name='issueevidence_once')],
            },
        ),
        migrations.CreateModel(
            name='PublicView',
            fields=[
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='public_view', serialize=False, to='projects.project', verbose_name='项目')),
                ('seq', models.PositiveIntegerField(verbose_name='事件序号')),
                ('day', models.DateField(verbose_name='日期')),
                ('facts', models.JSONField(verbose_name='内容')),
                ('computed_at', models.DateTimeField(verbose_name='计算时间')),
            ],
            options={
                'verbose_name': '公众页',
                'verbose_name_plural': '公众页',
            },
        ),
        migrations.CreateModel(
            name='QrToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=22, unique=True, verbose_name='令牌')),
                ('check_code', models.CharField(max_length=7, verbose_name='校验码')),
                ('revision', models.PositiveSmallIntegerField(default=1, verbose_name='版次')),
                ('state', projects.fsm.StateField(choices=[('active', '有效'), ('replaced', '停用（换发）'), ('void', '作废')], default='active', max_length=24, protected=True, verbose_name='状态')),
                ('issued_at', models.DateTimeField(verbose_name='制码时间')),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='制码人')),
                ('paper', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='qr_token', to='archives.paper', verbose_name='项目卡')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='qr_tokens', to='projects.project', verbose_name='项目')),
            ],
            options={
                'verbose_name': '项目码',
                'verbose_name_plural': '项目码',
                'ordering': ('-revision',),
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['active', 'replaced', 'void'])), name='qrtoken_state_known'), models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('project',), name='qrtoken_one_active'), models.UniqueConstraint(fields=('project', 'revision'), name='qrtoken_revision_unique')],
            },
            bases=(django_fsm.ConcurrentTransitionMixin, models.Model),
        ),
    ]
