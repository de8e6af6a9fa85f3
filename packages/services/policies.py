"""Loading local policy: a table that changed becomes a new version, the old one retires and stays readable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max

from packages import policy
from packages.choices import VersionStatus
from packages.models import PolicyTable
from packages.policy import Policy
from projects import timing
from projects.errors import DomainError


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """What the load of one table did: add, change or keep."""

    code: str
    name: str
    action: str
    version: int


def load_policies(policies: Sequence[Policy], *, dry_run: bool, at: dt.datetime) -> list[LoadedPolicy]:
    """Publish the tables that differ from what holds; return what was done. Runs inside the caller's transaction."""
    done = []
    for wanted in policies:
        current = PolicyTable.objects.published().select_for_update().filter(code=wanted.code).first()
        if current is not None and current.digest == wanted.digest:
            done.append(LoadedPolicy(wanted.code, wanted.name, "keep", current.version))
            continue
        latest = PolicyTable.objects.filter(code=wanted.code).aggregate(top=Max("version"))["top"] or 0
        done.append(LoadedPolicy(wanted.code, wanted.name, "change" if current else "add", latest + 1))
        if not dry_run:
            _publish(wanted, latest + 1, current, at)
    return done


def _publish(wanted: Policy, number: int, current: PolicyTable | None, at: dt.datetime) -> None:
    day = timing.business_day(at)
    if current is not None:
        current.status, current.valid_until = VersionStatus.RETIRED, day
        current.save()
    PolicyTable.objects.create(
        code=wanted.code, name=wanted.name, version=number, content=wanted.content, digest=wanted.digest,
        status=VersionStatus.PUBLISHED, published_at=at, valid_from=day,
    )


def find_table(code: str) -> PolicyTable | None:
    """The version in force, or None where none was loaded."""
    found: PolicyTable | None = PolicyTable.objects.published().filter(code=code).first()
    return found


def table_of(code: str) -> PolicyTable:
    """The version in force. Raises `DomainError` `policy_missing` where none was loaded."""
    found = find_table(code)
    if found is None:
        raise DomainError("policy_missing", f"还没有载入“{policy.NAMES[code]}”，请系统管理员载入目录后再办理。")
    return found
