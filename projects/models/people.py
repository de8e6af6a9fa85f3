"""Regions, organisations, people, and who works where in which role."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q

from projects import timing
from projects.crypto import EncryptedTextField
from projects.states import OrganisationKind, Role


class Region(models.Model):
    """A region of GB/T 2260 or a local pseudo-region (development zones); `code` is six digits."""

    code = models.CharField("区划代码", max_length=6, unique=True)
    name = models.CharField("名称", max_length=50)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name="上级")

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "行政区划"
        ordering = ("code",)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Organisation(models.Model):
    """A department, centre, utility, enterprise or other body.

    `code` is the catalogue's code of a department, or empty.
    `uscc` is a checked 统一社会信用代码 (GB 32100-2015), or empty.
    """

    code = models.SlugField("代码", max_length=50, blank=True)
    name = models.CharField("名称", max_length=100)
    short_name = models.CharField("简称", max_length=30, blank=True)
    kind = models.CharField("类别", max_length=20, choices=OrganisationKind)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, verbose_name="区划")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name="上级单位")
    note = models.TextField("说明", blank=True)

    class Meta:
        """Names and constraints."""

        verbose_name = verbose_name_plural = "单位"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="organisation_code_unique", fields=["code"], condition=~Q(code="")),
            models.UniqueConstraint(name="organisation_uscc_unique", fields=["uscc"], condition=~Q(uscc="")),
            models.CheckConstraint(
                name="organisation_kind_known", condition=Q(kind__in=list(OrganisationKind.values))
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def label(self) -> str:
        """Return the short name where there is one."""
        return self.short_name or self.name


class User(AbstractUser):
    """A person with one account. Telephone and e-mail are encrypted; `title` is what stands on the card (3号窗口)."""

    name = models.CharField("姓名", max_length=50)
    title = models.CharField("岗位", max_length=50, blank=True)
    phone = EncryptedTextField("手机", blank=True)
    email = EncryptedTextField("邮箱", blank=True)  # in the place of Django's own
    identity_no = EncryptedTextField("证件号码", blank=True)  # stays empty: nothing asks for it, no notice names it

    class Meta(AbstractUser.Meta):
        """Names."""

        verbose_name = verbose_name_plural = "用户"

    def __str__(self) -> str:
        """Return the name of the person."""
        return self.name or self.username


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Composable reads of memberships."""

    def current(self) -> MembershipQuerySet:
        """Return those that hold today, also for a term, and those that are lent (委托代理)."""
        today = timing.today()
        return self.filter(Q(until=None) | Q(until__gte=today), since__lte=today)

    def posts(self) -> MembershipQuerySet:
        """Return the own posts that hold today, open or for a term; none that is lent."""
        return self.current().filter(giver=None)


class Membership(models.Model):
    """A role that a user holds for an organisation, from a day until a day (or open).

    With a `giver` it is a delegation (委托代理): the giver's role until a day, for a reason. It ends by itself.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name="用户")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships", verbose_name="单位"
    )
    role = models.CharField("角色", max_length=20, choices=Role)
    since = models.DateField("自")
    until = models.DateField("至", null=True, blank=True)
    giver = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="given", verbose_name="委托人"
    )
    reason = models.CharField("委托理由", max_length=120, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        """Names, constraints and the index of the login's role look-up."""

        verbose_name = verbose_name_plural = "任职"
        ordering = ("pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="membership_open_unique", fields=["user", "organisation", "role"], condition=Q(until=None)
            ),
            models.CheckConstraint(
                name="membership_dates_ordered", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=list(Role.values))),
            models.CheckConstraint(
                name="membership_delegated_until",
                condition=Q(giver=None) | (Q(until__isnull=False) & ~Q(reason="") & ~Q(user=F("giver"))),
            ),
        ]

    def __str__(self) -> str:
        """Return who does what where."""
        return f"{self.user} {self.get_role_display()} {self.organisation}"
