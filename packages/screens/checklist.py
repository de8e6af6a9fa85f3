"""The checklist on screen: each line with its state, the ways to meet it, and what is there already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packages import promise_rules, rules
from packages.choices import ArrivesBefore, MaterialForm, MaterialSource
from packages.deferral_terms import terms_of
from packages.models import Application, MaterialItem
from packages.owed_papers import is_let_through
from packages.states import MATERIAL_MET, TONES, MaterialState
from projects import timing
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import User

#: States in which a line takes one slim row at the top: nobody has to do anything for it.
SLIM = (MaterialState.HELD, MaterialState.SHARED)
#: The key of each way on the line that is selected: its place on the line, and shared last.
KEYS = {
    MaterialState.UPLOADED: "1",
    MaterialState.DEFERRED: "2",
    MaterialState.COMMITTED: "3",
    MaterialState.NOT_APPLICABLE: "4",
    MaterialState.SHARED: "5",
}
#: Ways that the window takes with a reason.
WITH_NOTE = (MaterialState.NOT_APPLICABLE, MaterialState.SHARED)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to meet a line: pressed, or why it cannot be."""

    value: str
    label: str
    pressed: bool
    verdict: Verdict

    @property
    def key(self) -> str:
        """The key that presses it on the selected line."""
        return KEYS.get(MaterialState(self.value), "")

    @property
    def asks_note(self) -> bool:
        """Whether it is taken with a reason only."""
        return self.value in WITH_NOTE


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist."""

    item: MaterialItem
    choices: tuple[Choice, ...]
    editable: Verdict
    ground: str
    there: str
    error: str

    @property
    def is_slim(self) -> bool:
        """Whether it is already there."""
        return self.item.state in SLIM

    @property
    def is_open(self) -> bool:
        """Whether somebody may meet it, or meet it otherwise, here and now."""
        return bool(self.editable) and not self.is_slim

    @property
    def is_missing(self) -> bool:
        """Whether it still has to be met."""
        return self.item.state not in MATERIAL_MET

    @property
    def may_undo(self) -> bool:
        """Whether it may be asked for anew: not once the case was accepted without it."""
        return not self.is_missing and not is_let_through(self.item)

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.item.state]

    @property
    def asks_note(self) -> bool:
        """Whether a way is open that needs a reason."""
        return any(choice.verdict for choice in self.choices if choice.asks_note)

    @property
    def todo(self) -> str:
        """What a missing line says to do: the keys that are open to it; who brings a paper of the government."""
        if self.item.supplier is not None:
            how = self.item.get_supply_display().removeprefix("部门")
            return f"由{self.item.supplier.label}{how}，不向企业要"
        return "、".join(f"{choice.key} {choice.label}" for choice in self.choices if choice.verdict)

    @property
    def form(self) -> str:
        """Form in which it is handed in."""
        return dict(MaterialForm.choices).get(self.item.form, "")


def checklist_of(items: Iterable[MaterialItem], user: User, wrong: int = 0, error: str = "") -> list[Line]:
    """Return the lines of a case for this user, those that are held first; `error` is shown on the line `wrong`."""
    lines = [_line(item, user, error if item.pk == wrong else "") for item in items]
    return sorted(lines, key=lambda line: not line.is_slim)


def _line(item: MaterialItem, user: User, error: str) -> Line:
    editable = rules.can_set_material(user, item)
    choices = tuple(
        Choice(value, label, item.state == value, editable and allowed)
        for value, label, allowed in ways(item, window=rules.is_window(user, item.case.project))
    )
    return Line(item, choices, editable, _ground(item), _there(item), error)


def ways(item: MaterialItem, *, window: bool) -> list[tuple[str, str, Verdict]]:
    """The ways to meet a line, and whether the catalogue allows them for its matter (as `set_material` does)."""
    if is_let_through(item):
        only = refuse("已容缺受理，只能补交")
        return [
            (MaterialState.UPLOADED, "上传", ALLOWED),
            (MaterialState.DEFERRED, "容缺", only),
            (MaterialState.COMMITTED, "承诺", only),
            (MaterialState.NOT_APPLICABLE, "不适用", only),
        ]
    by_window = ALLOWED if window else refuse("由窗口核对后确认")
    shared = [(MaterialState.SHARED, "共享", by_window)] if item.source != MaterialSource.APPLICANT else []
    return [
        (MaterialState.UPLOADED, "上传", ALLOWED),
        (MaterialState.DEFERRED, "容缺", promise_rules.may_defer(item)),
        (MaterialState.COMMITTED, "承诺", promise_rules.may_commit(item)),
        *shared,
        (MaterialState.NOT_APPLICABLE, "不适用", by_window),
    ]


def _ground(item: MaterialItem) -> str:
    """Where the paper comes from, in words."""
    source = MaterialSource(item.source).label if item.source in MaterialSource.values else item.source
    return item.source_note or source


def _there(item: MaterialItem) -> str:
    """What is there now."""
    if item.document is None:
        return item.note or promised_words(item)
    if item.state == MaterialState.HELD and item.origin_note:
        return f"{item.get_origin_display()}：{item.origin_note}"
    filed = f"{item.document.title}，{timing.written(item.document.filed_at)}归档"
    return filed if item.state == MaterialState.HELD else f"已上传：{filed}"


def promised_words(item: MaterialItem) -> str:
    """What stands for a paper that is not there: by when a deferred one comes, who signs for a committed one."""
    if item.state == MaterialState.COMMITTED:
        return "以承诺书代替，由建设单位负责人签署"
    line = item.definition
    if item.state != MaterialState.DEFERRED or line is None or line.deferral_days is None:
        return ""
    terms = terms_of(item.case, item)
    if terms.before == ArrivesBefore.DECISION:
        return f"受理后 {terms.days} 个工作日内、作出决定前补交"
    before = "、领取证照前" if terms.before == ArrivesBefore.CERTIFICATE else ""
    return f"作出决定后 {terms.days} 个工作日内{before}补交"


def lines_of(application: Application) -> dict[int, tuple[object, ...]]:
    """What each line of an application says, by id: compared before and after a change. One query."""
    rows = MaterialItem.objects.filter(case__application=application)
    return {row[0]: row[1:] for row in rows.values_list("pk", "state", "note", "document_id", "source")}
