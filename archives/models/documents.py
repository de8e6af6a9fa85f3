"""Documents of the archive (一档): their kinds, rows and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from archives import reach
from archives.states import Visibility
from projects.models import Party, Project
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

        主体资格 belongs to the body that holds it and serves every project that the body takes part in (免提交), so the
        office side sees it with any of them, and personal papers with those of the same owner; what else it reaches
        apps register (`archives.reach`).
        """
        from projects.access import access_of

        projects = Project.objects.visible_to(user)
        if not access_of(user).is_office:
            return self.filter(project__in=projects).exclude(visibility=Visibility.OFFICE)
        # Two bounds instead of an equality: each document asks about its own project, see `Project.visible_to`.
        own = projects.filter(pk__gte=OuterRef("project"), pk__lte=OuterRef("project"))
        same_owner = projects.filter(owner__gte=OuterRef("project__owner"), owner__lte=OuterRef("project__owner"))
        taking_part = Party.objects.filter(organisation=OuterRef("holder"), project__in=projects)
        shared = Q(Exists(same_owner)) | Q(kind__is_personal=False, holder__isnull=False) & Q(Exists(taking_part))
        return self.filter(Q(Exists(own)) | Q(doc_class=OWNER_CLASS) & shared | reach.reached(projects))

    def of_visible(self, project: Project, user: User | AnonymousUser) -> DocumentQuerySet:
        """Return what the user may open of a project that was found through `Project.visible_to`.

        The same rows as `visible_to`, without asking about the project again for each of its documents.
        """
        from projects.access import access_of

        mine = self.filter(project=project)
        return mine if access_of(user).is_office else mine.exclude(visibility=Visibility.OFFICE)

    def current(self) -> DocumentQuerySet:
        """Return those that nothing has replaced."""
        return self.filter(replaced_by=None)


class Document(models.Model):
    """One document of a project: what, from which step, filed by whom and when. Its bytes are in its versions.

    A document without a version is an official paper whose PDF is being rendered. `archive_no` is
    项目代码-类目-序号(4)-版次, the serial gap-free per project and class. 主体资格 says whose it is (`holder`) and as
    what that body takes part (`holder_role`); no holder: nobody has said so.
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
    original_at = models.CharField("原件存放", max_length=80, blank=True)
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
    #: SHA-256 beside a digest of another algorithm, for who verifies a file on another machine.
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
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
            # the same by SHA-256 for what is stored under another algorithm
            models.Index(
                name="documentversion_sha256", fields=["sha256"], condition=~models.Q(algorithm="sha256")
            ),
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
