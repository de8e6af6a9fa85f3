"""The bulletins with their frozen figures, the lists behind them, and the problems that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.bulletin_states import PUBLIC, BulletinSeries, BulletinState, FigureGroup
from projects.fsm import StateField, StateModel, state_check

if TYPE_CHECKING:
    from typing import Any

    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


def _person(name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=name
    )


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    """Composable reads of bulletins."""

    def visible_to(self, user: User | AnonymousUser) -> BulletinQuerySet:
        """Return all to the government side; to everybody else the published ones."""
        from projects.access import access_of

        access = access_of(user)
        if access.is_office and not access.is_archive:
            return self.all()
        return self.published()

    def published(self) -> BulletinQuerySet:
        """Return those that were signed, also when a later version corrects them."""
        return self.filter(state__in=PUBLIC, signed_at__isnull=False)

    def newest(self) -> BulletinQuerySet:
        """Return those whose place no later version has taken; one that is still collecting takes none."""
        return self.filter(Q(next=None) | Q(next__snapshot_hash=""))


class Bulletin(StateModel):
    """月度通报 of one centre (or one of its districts) and month: from the 26th to the 25th 24:00 (a setting).

    `month` 0 is the whole year. The figures are stored at freezing and never edited: what was wrong is corrected by the
    next `version`, which points at the one before and says in `erratum` what was wrong; both are kept. `content` are
    the blocks as they were frozen, from which the page and the PDF are drawn.
    """

    series = models.CharField("系列", max_length=12, choices=BulletinSeries, default=BulletinSeries.PERMIT)
    centre = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="中心")
    region = models.ForeignKey(
        "projects.Region", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="区县"
    )
    year = models.PositiveSmallIntegerField("年")
    month = models.PositiveSmallIntegerField("月")
    version = models.PositiveSmallIntegerField("版次", default=1)
    previous = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next", verbose_name="更正的版次"
    )
    erratum = models.CharField("更正说明", max_length=500, blank=True)
    period_start = models.DateTimeField("期初")
    period_end = models.DateTimeField("期末（不含）")
    state = StateField("状态", choices=BulletinState, default=BulletinState.COLLECTING)
    frozen_at = models.DateTimeField("冻结时间", null=True, blank=True)
    frozen_by = _person("冻结人")
    drafted_at = models.DateTimeField("送核时间", null=True, blank=True)
    drafted_by = _person("起草人")
    checked_at = models.DateTimeField("核对时间", null=True, blank=True)
    checked_by = _person("核对人")
    check_note = models.CharField("核对意见", max_length=300, blank=True)
    signed_at = models.DateTimeField("签发时间", null=True, blank=True)
    signed_by = _person("签发人")
    content = models.JSONField("冻结的内容", default=dict)
    snapshot_hash = models.CharField("快照哈希", max_length=80, blank=True)
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="bulletin", verbose_name="文书"
    )

    objects = BulletinQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "月度通报"
        ordering = ("-year", "-month", "-series", "region_id", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("bulletin_state_known", "state", BulletinState),
            models.UniqueConstraint(
                name="bulletin_month_unique", fields=["series", "centre", "year", "month", "version"],
                condition=Q(region=None),
            ),
            models.UniqueConstraint(
                name="bulletin_region_unique", fields=["series", "centre", "region", "year", "month", "version"],
                condition=Q(region__isnull=False),
            ),
            models.CheckConstraint(name="bulletin_period_ordered", condition=Q(period_end__gt=F("period_start"))),
            models.CheckConstraint(
                name="bulletin_version_says_why",
                condition=Q(version=1, previous=None) | Q(version__gt=1, previous__isnull=False) & ~Q(erratum=""),
            ),
        ]

    def __str__(self) -> str:
        """Return series, district, month and version."""
        where = f"（{self.region.name}）" if self.region else ""
        return f"{self.get_series_display()}{where} {self._when}"

    @property
    def place(self) -> str:
        """Return whom it tells of: 晋城市, or 晋城市·高平市 for a district in the issue of the city."""
        home = self.centre.region.name if self.centre.region else self.centre.label
        return f"{home}·{self.region.name}" if self.region else home

    @property
    def title(self) -> str:
        """Return its name in a list of many places: place, series, month and version."""
        return f"{self.place} {self.get_series_display()} {self._when}"

    @property
    def _when(self) -> str:
        when = f"{self.year}年{self.month}月" if self.month else f"{self.year}年"
        return f"{when} 更正第{self.version}版" if self.version > 1 else when

    @property
    def issue(self) -> str:
        """Return its number in the year: 〔2026〕第11期."""
        return f"〔{self.year}〕第{self.month}期" if self.month else f"〔{self.year}〕年度"

    @property
    def is_stored(self) -> bool:
        """Return whether the figures are frozen."""
        return bool(self.state != BulletinState.COLLECTING)

    @transition(field=state, source=BulletinState.COLLECTING, target=BulletinState.FROZEN)
    def freeze(self) -> None:
        """The figures are stored and will not change; the words are drafted."""

    @transition(field=state, source=BulletinState.FROZEN, target=BulletinState.CHECKING)
    def send_to_check(self) -> None:
        """Whoever drafted it hands it to somebody else."""

    @transition(field=state, source=BulletinState.CHECKING, target=BulletinState.SIGNING)
    def confirm(self) -> None:
        """Somebody else has recomputed and compared the figures and read the words."""

    @transition(field=state, source=[BulletinState.CHECKING, BulletinState.SIGNING], target=BulletinState.FROZEN)
    def send_back(self) -> None:
        """The words have to be written anew; the figures stay."""

    @transition(field=state, source=BulletinState.SIGNING, target=BulletinState.PUBLISHED)
    def publish(self) -> None:
        """The director signs and publishes."""

    @transition(
        field=state,
        source=[BulletinState.FROZEN, BulletinState.CHECKING, BulletinState.SIGNING, BulletinState.PUBLISHED],
        target=BulletinState.CORRECTED,
    )
    def correct(self) -> None:
        """A later version stands in its place; this one is kept."""


class BulletinList(models.Model):
    """A list of what a figure counts, as frozen; figures that count the same share one."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="lists", verbose_name="通报")
    digest = models.CharField("摘要", max_length=64)
    ids = models.JSONField("所计对象", default=list)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "通报清单"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulletinlist_once", fields=["bulletin", "digest"]),
        ]

    def __str__(self) -> str:
        """Return how many it counts."""
        return f"{len(self.ids)}"


class BulletinFigure(models.Model):
    """One stored figure: its value, what it counts, and what it is taken of. `row` 0 of the group total is the whole.

    `row` is the number of the district, the key of the department or the number of the acceptance item.
    """

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="figures", verbose_name="通报")
    group = models.CharField("分组", max_length=12, choices=FigureGroup)
    row = models.PositiveIntegerField("行", default=0)
    key = models.CharField("指标", max_length=24)
    value = models.DecimalField("数值", max_digits=12, decimal_places=2, null=True)
    counted = models.ForeignKey(
        BulletinList, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="所计对象"
    )
    base = models.ForeignKey(
        BulletinList, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="分母对象"
    )

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "通报指标"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulletinfigure_unique", fields=["bulletin", "group", "row", "key"]),
        ]

    def __str__(self) -> str:
        """Return key and value."""
        return f"{self.key} {self.value}"


class BulletinLines(models.Model):
    """What was frozen of each decided case: days used, limit, whether late, days of the others (时间账)."""

    bulletin = models.OneToOneField(Bulletin, on_delete=models.PROTECT, related_name="lines", verbose_name="通报")
    rows = models.JSONField("办件", default=list)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "通报办件"

    def __str__(self) -> str:
        """Return how many."""
        return f"{len(self.rows)}"


class BulletinProblem(models.Model):
    """典型问题: what went wrong, anonymised, why, how it is mended, by whom, until when; the next issue looks back."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="problems", verbose_name="通报")
    number = models.PositiveSmallIntegerField("序号")
    case_id = models.BigIntegerField("办件", null=True, help_text="仅审批侧可见")
    what = models.CharField("问题", max_length=200)
    cause = models.CharField("原因", max_length=200, blank=True)
    fix = models.CharField("整改措施", max_length=200, blank=True)
    owner = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="责任单位"
    )
    due_on = models.DateField("整改期限")
    closed_at = models.DateTimeField("整改完成", null=True, blank=True)
    closed_by = _person("核实人")
    outcome = models.CharField("整改结果", max_length=200, blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "典型问题"
        ordering = ("bulletin", "number")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulletinproblem_number", fields=["bulletin", "number"]),
        ]

    def __str__(self) -> str:
        """Return what went wrong."""
        return self.what
