"""Invitations: how a person comes to an account and a role without anybody else knowing a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from projects.crypto import EncryptedTextField
from projects.states import InvitationKind, Role

if TYPE_CHECKING:
    import datetime as dt


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Composable reads of invitations."""

    def open(self, now: dt.datetime) -> InvitationQuerySet:
        """Return those that can still be used."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """A one-time code with which a person joins an organisation in a role, or sets a new password.

    Only the keyed hash of the code is kept: it is shown once, to whoever made it. The contact is encrypted.
    """

    kind = models.CharField("种类", max_length=8, choices=InvitationKind)
    organisation = models.ForeignKey(
        "projects.Organisation", on_delete=models.PROTECT, related_name="invitations", verbose_name="单位"
    )
    role = models.CharField("角色", max_length=20, choices=Role, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="为谁"
    )
    name = models.CharField("姓名", max_length=50)
    title = models.CharField("岗位", max_length=50, blank=True)
    contact = EncryptedTextField("手机或邮箱", blank=True)
    until = models.DateField("任职至", null=True, blank=True)
    code_hash = models.CharField("邀请码摘要", max_length=64, unique=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="邀请人"
    )
    made_at = models.DateTimeField("邀请时间")
    expires_at = models.DateTimeField("有效至")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="使用人"
    )
    accepted_at = models.DateTimeField("使用时间", null=True, blank=True)
    revoked_at = models.DateTimeField("收回时间", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        """Names, constraints, indexes."""

        verbose_name = verbose_name_plural = "邀请"
        ordering = ("-pk",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="invitation_kind_known", condition=Q(kind__in=list(InvitationKind.values))
            ),
            models.CheckConstraint(name="invitation_expires_later", condition=Q(expires_at__gt=F("made_at"))),
            models.CheckConstraint(
                name="invitation_used_or_revoked", condition=Q(accepted_at=None) | Q(revoked_at=None)
            ),
            models.CheckConstraint(
                name="invitation_used_by_somebody",
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the invitations of one organisation, newest first
            models.Index(name="invitation_of_body", fields=["organisation", "-id"]),
        ]

    def __str__(self) -> str:
        """Return who is invited to what."""
        return f"{self.name} {self.get_role_display() or self.get_kind_display()}"
