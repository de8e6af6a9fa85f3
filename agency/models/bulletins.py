"""The monthly bulletins with their frozen figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from agency.states import BulletinSeries, BulletinState
from projects.fsm import StateField, StateModel, state_check

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    """Composable reads of bulletins."""

    def visible_to(self, user: User | AnonymousUser) -> BulletinQuerySet:
        """Return all to the government side; to everybody else the published ones."""
        from projects.access import access_of

        if access_of(user).is_office:
            return self.all()
        return self.filter(state=BulletinState.PUBLISHED)


class Bulletin(StateModel):
    """月度通报 of one centre and month: from the 26th to the 25th 24:00 (a setting). Figures are stored at freezing."""

    series = models.CharField("系列", max_length=12, choices=BulletinSeries, default=BulletinSeries.PERMIT)
    centre = models.ForeignKey("projects.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="中心")
    year = models.PositiveSmallIntegerField("年")
    month = models.PositiveSmallIntegerField("月")
    period_start = models.DateTimeField("期初")
    period_end = models.DateTimeField("期末（不含）")
    state = StateField("状态", choices=BulletinState, default=BulletinState.COLLECTING)
    frozen_at = models.DateTimeField("冻结时间", null=True, blank=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="冻结人"
    )
    snapshot_hash = models.CharField("快照哈希", max_length=80, blank=True)
    paper = models.OneToOneField(
        "archives.Paper", on_delete=models.PROTECT, null=True, related_name="bulletin", verbose_name="文书"
    )

    objects = BulletinQuerySet.as_manager()

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "月度通报"
        ordering = ("-year", "-month")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            state_check("bulletin_state_known", "state", BulletinState),
            models.UniqueConstraint(name="bulletin_month_unique", fields=["series", "centre", "year", "month"]),
            models.CheckConstraint(name="bulletin_period_ordered", condition=Q(period_end__gt=F("period_start"))),
        ]

    def __str__(self) -> str:
        """Return series and month."""
        return f"{self.get_series_display()} {self.year}年{self.month}月"

    @transition(field=state, source=BulletinState.COLLECTING, target=BulletinState.FROZEN)
    def freeze(self) -> None:
        """The figures are stored and will not change."""

    @transition(field=state, source=BulletinState.FROZEN, target=BulletinState.PUBLISHED)
    def publish(self) -> None:
        """The director signs and publishes."""


class BulletinFigure(models.Model):
    """One stored figure: its value and the cases it counts. `organisation` empty means the whole centre."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="figures", verbose_name="通报")
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="部门"
    )
    key = models.CharField("指标", max_length=24)
    value = models.DecimalField("数值", max_digits=12, decimal_places=2, null=True)
    case_ids = models.JSONField("所计办件", default=list)
    base_ids = models.JSONField("分母办件", default=list)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "通报指标"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="bulletinfigure_unique", fields=["bulletin", "organisation", "key"]),
            models.UniqueConstraint(
                name="bulletinfigure_total_unique", fields=["bulletin", "key"], condition=Q(organisation=None)
            ),
        ]

    def __str__(self) -> str:
        """Return key and value."""
        return f"{self.key} {self.value}"
