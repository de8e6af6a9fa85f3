"""办理状态 (BLZT) of the exchange standard: the codes that events carry, and the order they may come in."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import IntegerChoices


class StatusCode(IntegerChoices):
    """What an event of a case reports to the national platform."""

    RECEIVED = 1, "接件"
    WITHDRAWN = 2, "撤件"
    ACCEPTED = 3, "受理"
    NOT_TAKEN = 4, "不受理"
    REFUSED_INTAKE = 5, "不予受理"
    CORRECTION_STARTED = 6, "补正（开始）"
    CORRECTION_ENDED = 7, "补正（结束）"
    REVIEW_STARTED = 8, "部门开始办理"
    SPECIAL_STARTED = 9, "特别程序（开始）"
    SPECIAL_ENDED = 10, "特别程序（结束）"
    PASSED = 11, "办结（通过）"
    PASSED_DEFERRED = 12, "办结（容缺通过）"
    FAILED = 13, "办结（不通过）"
    RECALLED = 14, "撤回"
    REVOKED = 15, "撤销"


DECIDED = frozenset({StatusCode.PASSED, StatusCode.PASSED_DEFERRED, StatusCode.FAILED})
ENDED = DECIDED | {StatusCode.WITHDRAWN, StatusCode.NOT_TAKEN, StatusCode.REFUSED_INTAKE, StatusCode.RECALLED}
_PAIRS: dict[int, StatusCode] = {
    StatusCode.CORRECTION_ENDED: StatusCode.CORRECTION_STARTED,
    StatusCode.SPECIAL_ENDED: StatusCode.SPECIAL_STARTED,
}


def check_status_sequence(codes: Sequence[int]) -> list[str]:
    """What is wrong with the status codes of one case in their order, one Chinese sentence each; empty when sound.

    It starts with 1; 8 comes after 3; 11, 12 and 13 come after 3 and 8 and with no pause open; 6 and 7, 9 and 10
    come in pairs; nothing but 15 follows the end. A case that still runs may end on any code.
    """
    faults = [] if codes and codes[0] == StatusCode.RECEIVED else ["办理状态应当从 1（接件）开始。"]
    seen: set[int] = set()
    open_pauses: set[int] = set()
    for code in codes:
        faults += _faults_of(code, seen, open_pauses)
        if code in _PAIRS.values():
            open_pauses.add(code)
        open_pauses.discard(_PAIRS.get(code, -1))
        seen.add(code)
    return faults


def _faults_of(code: int, seen: set[int], open_pauses: set[int]) -> list[str]:
    """What is wrong with `code` after what has been seen."""
    if code not in StatusCode.values:
        return [f"没有编号为 {code} 的办理状态。"]
    name = f"{code}（{StatusCode(code).label}）"
    faults = []
    if seen & ENDED and code != StatusCode.REVOKED:
        faults.append(f"办理已经结束，之后不应再出现 {name}。")
    if code == StatusCode.REVOKED and not seen & DECIDED:
        faults.append("15（撤销）只能用于已经办结的办件。")
    if code == StatusCode.REVIEW_STARTED and StatusCode.ACCEPTED not in seen:
        faults.append("8（部门开始办理）之前缺少 3（受理）。")
    if code in DECIDED:
        faults += [
            f"{name}之前缺少 {need.value}（{need.label}）。"
            for need in (StatusCode.ACCEPTED, StatusCode.REVIEW_STARTED)
            if need not in seen
        ]
        faults += [
            f"{name}之前 {begun}（{StatusCode(begun).label}）没有对应的结束。" for begun in sorted(open_pauses)
        ]
    begun = _PAIRS.get(code)
    if begun is not None and begun not in open_pauses:
        faults.append(f"{name}之前缺少 {begun.value}（{begun.label}）。")
    if code in open_pauses:
        faults.append(f"{name}重复：上一次还没有结束。")
    return faults
