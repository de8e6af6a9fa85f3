"""Versions of the catalogue: published, frozen, retired; their parts follow them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.db import models

from packages.choices import (
    FROZEN,
    VersionStatus,
)
from projects.errors import DomainError
from projects.quoting import quoted

RETIRING = frozenset({"status", "valid_until"})  # the only columns that may change on a published version


class FrozenVersionError(DomainError):
    """A published or retired version was to be changed or deleted."""

    def __init__(self, what: object) -> None:
        super().__init__("version_frozen", f"{quoted(what)}已发布，内容不可更改或删除；请另起一个新版本。")


class VersionQuerySet(models.QuerySet[Any]):
    """Rows with a version status; published and retired rows cannot be deleted or updated in bulk."""

    def published(self) -> Self:
        """The versions now in force, one for each definition."""
        return self.filter(status=VersionStatus.PUBLISHED)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete drafts only."""
        if frozen := self.filter(status__in=FROZEN).first():
            raise FrozenVersionError(frozen)
        return super().delete()

    def update(self, **values: Any) -> int:
        """Update drafts freely; a published row may only be retired."""
        retires = set(values) <= RETIRING and values.get("status", VersionStatus.RETIRED) == VersionStatus.RETIRED
        if not retires and (frozen := self.filter(status__in=FROZEN).first()):
            raise FrozenVersionError(frozen)
        return super().update(**values)


class Frozen(models.Model):
    """A row that asks itself before it is saved or deleted; bulk writes are asked by its query set."""

    class Meta:
        abstract = True

    def save(
        self,
        *,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Save what may change."""
        self.refuse_change()
        super().save(
            force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )

    def delete(
        self, using: str | None = None, keep_parents: bool = False,  # noqa: FBT001, FBT002 - as Django has it
    ) -> tuple[int, dict[str, int]]:
        """Delete what may go."""
        self.refuse_delete()
        return super().delete(using=using, keep_parents=keep_parents)

    def refuse_change(self) -> None:
        """Raise `FrozenVersionError` when the row may not be saved as it is now."""
        raise NotImplementedError

    def refuse_delete(self) -> None:
        """Raise `FrozenVersionError` when the row has to stay."""
        raise NotImplementedError


class Versioned(Frozen):
    """What every versioned definition has: number, status, validity and the digest of its content."""

    version = models.PositiveIntegerField("版本号")
    status = models.CharField("状态", max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_until = models.DateField("停用日期", null=True, blank=True)
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    digest = models.CharField("内容摘要", max_length=64, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_frozen(self) -> bool:
        """Whether the content may no longer change."""
        return self.status in FROZEN

    def refuse_delete(self) -> None:
        """Refuse anything that is stored as published."""
        if type(self).objects.filter(pk=self.pk, status__in=FROZEN).exists():
            raise FrozenVersionError(self)

    def refuse_change(self) -> None:
        """Refuse what would change a published row in anything but its retirement."""
        stored = type(self).objects.filter(pk=self.pk, status__in=FROZEN).values().first() if self.pk else None
        if stored is None:
            return
        changed = {name for name, value in stored.items() if getattr(self, name) != value}
        retires = (stored["status"], self.status) == (VersionStatus.PUBLISHED, VersionStatus.RETIRED)
        if not changed <= RETIRING or ("status" in changed and not retires):
            raise FrozenVersionError(self)


class PartQuerySet(models.QuerySet[Any]):
    """Parts of a version; those of a published version cannot be deleted or updated."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete parts of drafts only."""
        self._refuse()
        return super().delete()

    def update(self, **values: Any) -> int:
        """Update parts of drafts only; return how many rows."""
        self._refuse()
        return super().update(**values)

    def _refuse(self) -> None:
        whole = self.model.whole_field
        if frozen := self.filter(**{f"{whole}__status__in": FROZEN}).first():
            raise FrozenVersionError(frozen)


class Part(Frozen):
    """A strict part of a version: it is frozen together with its whole."""

    whole_field: ClassVar[str] = ""

    objects = PartQuerySet.as_manager()

    class Meta:
        abstract = True

    def refuse_change(self) -> None:
        """Refuse when the whole is no draft any more."""
        if getattr(self, self.whole_field).is_frozen:
            raise FrozenVersionError(self)

    refuse_delete = refuse_change
