"""The archive (一档): kinds, documents and their versions, official papers, and the project's code token."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django_fsm import transition

from archives.states import DeliveryWay, PaperKind, PaperState, TokenState, Visibility
from projects.fsm import StateField, StateModel, state_check
from projects.models import Project
from projects.states import PartyRole

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


#: Documents of this class belong to the owner, not to one project (主体资格).
OWNER_CLASS = "S"


class DocumentKind(models.Model):
    """A kind of document that materials and results belong to; `doc_class` is that of GB/T 50328 or our own.

    `produced_by` names the matters whose result it is, or `party`, or `authority`. Validity in calendar days.
    """

    slug = models.SlugField("代号", max_length=60, unique=True)
    name = models.CharField("名称", max_length=120)
    doc_class = models.CharField("类目", max_length=2)
    produced_by = models.CharField("产生于", max_length=300)
    validity_days = models.PositiveIntegerField("有效期（日）", null=True, blank=True)
    is_personal = models.BooleanField("含个人信息", default=False)
    is_reusable = models.BooleanField("可复用", default=False)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "文件种类"
        ordering = ("doc_class", "slug")

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class DocumentQuerySet(models.QuerySet["Document"]):
    """Composable reads of documents."""

    def visible_to(self, user: User | AnonymousUser) -> DocumentQuerySet:
        """Return the documents of visible projects; those of the office side only to the office side.

        主体资格 belongs to the owner and serves all of the owner's projects (免提交), so the office side sees it with
        any of them.
        """
        from projects.access import access_of

        projects = Project.objects.visible_to(user)
        if not access_of(user).is_office:
            return self.filter(project__in=projects).exclude(visibility=Visibility.OFFICE)
        # Two bounds instead of an equality: each document asks about its own project, see `Project.visible_to`.
        own = projects.filter(pk__gte=OuterRef("project"), pk__lte=OuterRef("project"))
        same_owner = projects.filter(owner__gte=OuterRef("project__owner"), owner__lte=OuterRef("project__owner"))
        return self.filter(Q(Exists(own)) | Q(doc_class=OWNER_CLASS) & Q(Exists(same_owner)))

    def current(self) -> DocumentQuerySet:
        """Return those that nothing has replaced."""
        return self.filter(replaced_by=None)


class Document(models.Model):
    """One document of a project: what, from which step, filed by whom and when. Its bytes are in its versions.

    A document without a version is an official paper whose PDF is being rendered. `archive_no` is
    项目代码-类目-序号(4)-版次, the serial gap-free per project and class. 主体资格 says whose it is (`holder`) and as what
    that body takes part (`holder_role`); no holder: nobody has said so.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="documents", verbose_name="项目")
    kind = models.ForeignKey(DocumentKind, on_delete=models.PROTECT, related_name="+", verbose_name="种类")
    title = models.CharField("题名", max_length=200)
    doc_class = models.CharField("类目", max_length=2)
    serial = models.PositiveIntegerField("序号")
    visibility = models.CharField("公开范围", max_length=10, choices=Visibility, default=Visibility.PROJECT)
    source_type = models.CharField("来源类型", max_length=60)
    source_key = models.CharField("来源主键", max_length=40)
    source_label = models.CharField("来源环节", max_length=200)
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="归档人"
    )
    filed_by_name = models.CharField("归档人姓名", max_length=80)
    filed_at = models.DateTimeField("归档时间")
    valid_until = models.DateField("有效期至", null=True, blank=True)
    replaced_by = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaces", verbose_name="被替换"
    )
    holder = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="持有单位",
    )
    holder_role = models.CharField("持有单位类型", max_length=1, choices=PartyRole, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "档案文件"
        ordering = ("doc_class", "serial")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="document_serial_unique", fields=["project", "doc_class", "serial"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # 免提交 search: the documents of a kind in a project, newest first
            models.Index(name="document_project_kind", fields=["project", "kind", "-id"]),
            # 免提交 search: the 主体资格 that an organisation holds, whatever project it was filed in
            models.Index(name="document_holder_kind", fields=["holder", "kind"], condition=Q(holder__isnull=False)),
        ]

    def __str__(self) -> str:
        """Return the title."""
        return self.title

    @property
    def archive_no(self) -> str:
        """Return the archive number of its newest version, e.g. 2603-140581-89-05-163265-A1-0007-1."""
        versions = list(self.versions.all())
        return f"{self.project.code}-{self.doc_class}-{self.serial:04d}-{versions[-1].version if versions else 1}"


class DocumentVersion(models.Model):
    """The bytes of a document as they were filed: stored by content, never overwritten."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions", verbose_name="文件")
    version = models.PositiveSmallIntegerField("版次", default=1)
    algorithm = models.CharField("摘要算法", max_length=12, default="sha256")
    digest = models.CharField("摘要", max_length=64)
    size = models.PositiveBigIntegerField("字节数")
    media_type = models.CharField("格式", max_length=80)
    file_name = models.CharField("文件名", max_length=150)
    storage_key = models.CharField("存储键", max_length=200)
    added_at = models.DateTimeField("入库时间")
    checked_at = models.DateTimeField("最近校验", null=True, blank=True)

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "文件版本"
        ordering = ("document", "version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="documentversion_unique", fields=["document", "version"]),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # verification by hash
            models.Index(name="documentversion_digest", fields=["digest"]),
        ]

    def __str__(self) -> str:
        """Return document and version."""
        return f"{self.document} v{self.version}"


class IssueEvidence(models.Model):
    """A document version that proves that an issue item is settled."""

    issue = models.ForeignKey(
        "projects.IssueItem", on_delete=models.PROTECT, related_name="evidence", verbose_name="问题"
    )
    version = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="+", verbose_name="文件版本")

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "佐证"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="issueevidence_once", fields=["issue", "version"]),
        ]

    def __str__(self) -> str:
        """Return what proves what."""
        return f"{self.issue}: {self.version}"


class PaperQuerySet(models.QuerySet["Paper"]):
    """Composable reads of papers."""

    def visible_to(self, user: User | AnonymousUser) -> PaperQuerySet:
        """Return the papers of visible projects, and those without a project that the user's organisations issued.

        Papers of the office side are seen by the office side only.
        """
        from projects.access import access_of

        access = access_of(user)
        projects = Project.objects.visible_to(user)
        own = projects.filter(pk__gte=OuterRef("project"), pk__lte=OuterRef("project"))
        mine = self.filter(Q(Exists(own)) | Q(project=None, issuer_id__in=access.organisation_ids))
        if access.is_office:
            return mine
        return mine.exclude(document__isnull=False, document__visibility=Visibility.OFFICE)


class Paper(StateModel):
    """An official paper (文书): a row first, with its number and a frozen JSON of what it says; a PDF second.

    `number` reads 〔2026〕高审受字第000123号, gap-free per issuer, series and year. `verify_code` is printed on it.
    """

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="papers", verbose_name="项目"
    )
    kind = models.CharField("文书种类", max_length=24, choices=PaperKind)
    state = StateField("状态", choices=PaperState, default=PaperState.VALID)
    title = models.CharField("标题", max_length=120)
    issuer = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="发文单位"
    )
    series = models.CharField("字", max_length=30)
    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("顺序号")
    number = models.CharField("文号", max_length=60)
    content = models.JSONField("内容")
    subject_type = models.CharField("对象类型", max_length=60)
    subject_key = models.CharField("对象主键", max_length=40)
    verify_code = models.CharField("校验码", max_length=20, unique=True)
    is_public = models.BooleanField("公开", default=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经办人"
    )
    issued_at = models.DateTimeField("出具时间")
    valid_until = models.DateField("有效期至", null=True, blank=True)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="paper", verbose_name="档案文件"
    )
    digest = models.CharField("PDF 摘要", max_length=64, blank=True)
    size = models.PositiveBigIntegerField("PDF 字节数", null=True, blank=True)
    storage_key = models.CharField("PDF 存储键", max_length=200, blank=True)
    claimed_at = models.DateTimeField("渲染领取", null=True, blank=True)
    rendered_at = models.DateTimeField("生成时间", null=True, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "文书"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="paper_number_unique", fields=["issuer", "series", "year", "serial"]),
            models.CheckConstraint(name="paper_kind_known", condition=Q(kind__in=list(PaperKind.values))),
            state_check("paper_state_known", "state", PaperState),
            models.CheckConstraint(
                name="paper_rendered_after_issue", condition=Q(rendered_at=None) | Q(rendered_at__gte=F("issued_at"))
            ),
            models.CheckConstraint(
                name="paper_rendered_has_bytes", condition=Q(rendered_at=None) | ~Q(digest="") & ~Q(storage_key="")
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the papers of a case or an application
            models.Index(name="paper_of_subject", fields=["subject_type", "subject_key"]),
            # look-up by number
            models.Index(name="paper_number", fields=["number"]),
            # verification by the hash of the PDF
            models.Index(name="paper_digest", fields=["digest"]),
            # render sweep: what has no PDF yet
            models.Index(name="paper_unrendered", fields=["id"], condition=Q(rendered_at=None)),
        ]

    def __str__(self) -> str:
        """Return title and number."""
        return f"{self.title} {self.number}"

    @transition(field=state, source=PaperState.VALID, target=PaperState.REPLACED)
    def replace(self) -> None:
        """A newer paper stands in its place."""

    @transition(field=state, source=PaperState.VALID, target=PaperState.REVOKED)
    def revoke(self) -> None:
        """It no longer has any effect."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Composable reads of deliveries."""

    def visible_to(self, user: User | AnonymousUser) -> DeliveryQuerySet:
        """Return those of visible projects."""
        return self.filter(paper__project__in=Project.objects.visible_to(user))

    def unsigned(self) -> DeliveryQuerySet:
        """Return those that nobody has signed for and whose paper still stands."""
        return self.filter(signed_at=None, paper__state=PaperState.VALID)


class Delivery(models.Model):
    """A legal notice on its way to its addressee (送达): put into the portal, opened, signed for by whom and when.

    The row is made with the paper. `signed_name` is who signed, also somebody without an account (at the counter).
    """

    paper = models.OneToOneField(Paper, on_delete=models.PROTECT, related_name="delivery", verbose_name="文书")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="收件单位"
    )
    sent_at = models.DateTimeField("发到门户")
    opened_at = models.DateTimeField("首次打开", null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="打开人"
    )
    way = models.CharField("方式", max_length=8, choices=DeliveryWay, blank=True)
    signed_at = models.DateTimeField("签收时间", null=True, blank=True)
    signed_name = models.CharField("签收人", max_length=50, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经手人"
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "送达"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="delivery_signed_by_somebody",
                condition=Q(signed_at=None, signed_name="", way="") | Q(signed_at__isnull=False) & ~Q(signed_name="")
                & Q(way__in=list(DeliveryWay.values)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # what an enterprise has not signed for yet
            models.Index(name="delivery_unsigned", fields=["organisation", "id"], condition=Q(signed_at=None)),
        ]

    def __str__(self) -> str:
        """Return the paper."""
        return str(self.paper)


class QrToken(StateModel):
    """The project's code (项目码): a random token of 22 characters; `check_code` is printed below for people."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="qr_tokens", verbose_name="项目")
    token = models.CharField("令牌", max_length=22, unique=True)
    check_code = models.CharField("校验码", max_length=7)
    revision = models.PositiveSmallIntegerField("版次", default=1)
    state = StateField("状态", choices=TokenState, default=TokenState.ACTIVE)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="制码人"
    )
    issued_at = models.DateTimeField("制码时间")
    paper = models.OneToOneField(
        Paper, on_delete=models.PROTECT, null=True, related_name="qr_token", verbose_name="项目卡"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "项目码"
        ordering = ("-revision",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("qrtoken_state_known", "state", TokenState),
            models.UniqueConstraint(
                name="qrtoken_one_active", fields=["project"], condition=Q(state=TokenState.ACTIVE)
            ),
            models.UniqueConstraint(name="qrtoken_revision_unique", fields=["project", "revision"]),
        ]

    def __str__(self) -> str:
        """Return project and revision."""
        return f"{self.project} 第 {self.revision} 版"

    @transition(field=state, source=TokenState.ACTIVE, target=TokenState.REPLACED)
    def replace(self) -> None:
        """A newer token stands in its place."""

    @transition(field=state, source=TokenState.ACTIVE, target=TokenState.VOID)
    def void(self) -> None:
        """The code no longer opens anything."""


class PublicView(models.Model):
    """What the public page behind the code shows of a project, computed once per event and day.

    It is a copy of what the registries say, no fact of its own: `seq` is the project's last event when it was computed,
    `day` the business day. The page computes it anew when either has moved on; a sweep does so beforehand.
    """

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, related_name="public_view", primary_key=True, verbose_name="项目"
    )
    seq = models.PositiveIntegerField("事件序号")
    day = models.DateField("日期")
    facts = models.JSONField("内容")
    computed_at = models.DateTimeField("计算时间")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "公众页"

    def __str__(self) -> str:
        """Return the project and the day."""
        return f"{self.project_id} {self.day}"
