"""The plan of a project as its page shows it: matters by stage, materials and their sources, and the open questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packages import material_scope
from packages.choices import MaterialForm, MaterialSource, MatterKind, MatterStage
from packages.conditions import ASSESSMENTS, Applies, Node, open_tests
from packages.facts import Fact, Facts, vocabulary
from packages.models import PackageVersion
from packages.planning.definition import Body, MaterialLine, MatterDefinition, PackageDefinition, RowDefinition
from packages.planning.engine import STAGES, Row, Slot, Timing, plan
from packages.planning.from_rows import definition_of
from packages.planning.options import with_options


@dataclass(frozen=True, slots=True)
class MaterialView:
    """A material of a matter and where it comes from in this plan; lines that lapse are not shown."""

    pk: int | None
    name: str
    form: str
    source: str
    from_code: str
    from_name: str
    kind: str
    kind_name: str
    deferral_days: int | None = None

    @property
    def form_label(self) -> str:
        """Form in Chinese."""
        return MaterialForm(self.form).label

    @property
    def source_label(self) -> str:
        """Source in Chinese; a result of an earlier matter names the matter."""
        return f"来自：{self.from_name}" if self.from_name else MaterialSource(self.source).label

    @property
    def is_submitted(self) -> bool:
        """Whether the applicant still has to hand it in; everything else is 免提交."""
        return self.source == MaterialSource.APPLICANT


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A body that takes part in a matter. `takes_part` is None while an answer is missing."""

    pk: int | None
    body: Body
    role: str
    days: int
    tacit: bool
    takes_part: bool | None
    note: str


@dataclass(frozen=True, slots=True)
class MatterView:
    """A matter of the plan: when it runs, by whom, on which materials. Days are from the first application."""

    row_pk: int | None
    version_pk: int | None
    definition: MatterDefinition
    slot: Slot
    road: Slot
    days: int
    is_counted: bool
    required: bool
    together: bool
    condition: str
    prerequisites: tuple[tuple[str, str], ...]
    materials: tuple[MaterialView, ...]
    has_material_list: bool
    reviews: tuple[ReviewView, ...]
    entry: Row
    committed: bool = False

    @property
    def code(self) -> str:
        """Stable code of the matter."""
        return self.definition.code

    @property
    def name(self) -> str:
        """Name of the matter."""
        return self.definition.name

    @property
    def kind_label(self) -> str:
        """Kind in Chinese."""
        return MatterKind(self.definition.kind).label

    @property
    def days_label(self) -> str:
        """The promise in words: `5个工作日`, `即办`, `25个自然日（不计时）`."""
        unit = "自然日" if self.definition.unit == "calendar_day" else "工作日"
        words = f"{self.days}个{unit}" if self.days else "即办"
        return words if self.is_counted else f"{words}（不计入承诺）"

    @property
    def submitted(self) -> int:
        """How many materials the applicant hands in."""
        return sum(material.is_submitted for material in self.materials)


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of the plan. `published` are the days of the standard case, `days` the forecast for this project."""

    stage: str
    days: int
    published: int
    road_days: int
    matters: tuple[MatterView, ...]

    @property
    def label(self) -> str:
        """Name of the stage."""
        return MatterStage(self.stage).label

    @property
    def steps(self) -> list[tuple[int, list[MatterView]]]:
        """The matters of the main lane by step; those of one step run side by side."""
        numbers = sorted({m.slot.step for m in self.matters if not m.slot.lane})
        return [(n, [m for m in self.matters if m.slot.step == n and not m.slot.lane]) for n in numbers]

    @property
    def beside(self) -> list[MatterView]:
        """The matters of the side lane."""
        return [m for m in self.matters if m.slot.lane]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A matter that is neither in nor out, and the answers it waits for."""

    code: str
    name: str
    stage: str
    condition: str
    questions: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """The plan of one project on one package."""

    package: PackageDefinition
    stages: tuple[StageView, ...]
    promise: Timing
    road: Timing
    undecided: tuple[Undecided, ...]
    questions: tuple[Fact, ...]
    known: Mapping[str, object]
    before: int
    after: int

    @property
    def matters(self) -> list[MatterView]:
        """All matters in the order of their stages and steps."""
        return [matter for stage in self.stages for matter in stage.matters]

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the matters in the plan."""
        return frozenset(self.promise.slots)

    @property
    def days(self) -> tuple[int, int, int]:
        """Forecast promise days of the three stages."""
        return self.promise.stage_days

    @property
    def works_start(self) -> int | None:
        """Promise day on which works may start, None when no matter of the plan allows it."""
        return self.promise.works_start

    @property
    def summed(self) -> str:
        """What the promise days add up, in whose time, and what makes them more than the package promises."""
        parts = "、".join(f"{stage.label} {stage.days} 日" for stage in self.stages)
        said = f"{parts}相加：只算政府部门承诺的工作日，同时办的取最长；企业、中介、招标拍卖和公用企业用的时间不算。"
        published = sum(stage.published for stage in self.stages)
        gap = sum(stage.days for stage in self.stages) - published
        more = self._longer_steps()
        if gap <= 0 or not more:
            return said
        exact = sum(more.values()) == gap
        names = "、".join(f"{name}（多 {days} 日）" if exact else name for name, days in more.items())
        return f"{said}套餐承诺的 {published} 日按标准情形；本项目按所填情形另有{names}。"

    def _longer_steps(self) -> dict[str, int]:
        """Return what a project has beyond the standard case and makes a step longer: name -> days more."""
        found = {}
        for stage in self.stages:
            for _, matters in stage.steps:
                counted = [matter for matter in matters if matter.is_counted and matter.slot.is_critical]
                usual = max((matter.days for matter in counted if matter.required), default=0)
                longest = max(counted, key=lambda matter: (matter.days, matter.required), default=None)
                if longest is not None and longest.days > usual:
                    found[longest.name] = longest.days - usual
        return found

    def holds(self, rule: Node | None) -> bool | None:
        """Whether a rule of a review or an acceptance item holds for this project; None while unknown."""
        return True if rule is None else rule.holds(self.known)


def build_plan(
    package: PackageVersion | PackageDefinition, facts: Facts, *, options: frozenset[str] = frozenset()
) -> PlanView:
    """The plan of a project with these facts and the options taken. Pure but for reading a version once in a process.

    Options that are facts (桩基先行, 区域评估, 免于审图) are told by the facts; the others change rows.
    """
    definition = definition_of(package) if isinstance(package, PackageVersion) else package
    known = definition.rules.known(facts)
    known.update((f"matter:{code}", False) for code in _named_outside(definition) if f"matter:{code}" not in known)
    rows = tuple(row for row in definition.rows if known[f"matter:{row.matter.code}"])
    if options:
        rows = tuple(with_options(row, options) for row in rows)
    rows = tuple(_scoped(row, known) for row in rows)
    entries = tuple(row.entry for row in rows)
    promise, road = plan(entries), plan(entries, promise_only=False)
    names = {row.matter.code: row.matter.name for row in rows}
    matters = [_matter(row, promise, road, names, known) for row in rows]
    undecided = tuple(_undecided(row, known) for row in definition.rows if known[f"matter:{row.matter.code}"] is None)
    before, after = submissions(rows)
    return PlanView(
        definition, _stages(definition, matters, promise, road), promise, road, undecided,
        _questions(definition, rows, known), known, before, after,
    )


def _scoped(row: RowDefinition, known: Mapping[str, object]) -> RowDefinition:
    """Return a row with the materials that the facts ask for; the row itself where they ask for all."""
    lines = material_scope.asked(row.matter.code, row.matter.materials, known)
    return row if len(lines) == len(row.matter.materials) else replace(row, matter=replace(row.matter, materials=lines))


def taking_part(package: PackageVersion, facts: Facts, version_id: int) -> frozenset[int | None] | None:
    """Return the review rows of a version of a matter whose rule holds or is undecided; None outside of the plan."""
    definition = definition_of(package)
    row = next((row for row in definition.rows if row.matter.pk == version_id), None)
    if row is None:
        return None
    known = definition.rules.known(facts)
    known.update((f"matter:{code}", False) for code in _named_outside(definition) if f"matter:{code}" not in known)
    if not known[f"matter:{row.matter.code}"]:
        return None
    reviews = row.matter.reviews
    return frozenset(r.pk for r in reviews if r.rule is None or r.rule.holds(known) is not False)


def _named_outside(definition: PackageDefinition) -> set[str]:
    """Matters that reviews of this package refer to and that it lacks: they never apply."""
    inside = {row.matter.code for row in definition.rows}
    rules = (review.rule for row in definition.rows for review in row.matter.reviews if review.rule is not None)
    return {test.code for rule in rules for test in open_tests(rule, {}) if isinstance(test, Applies)} - inside


def _stages(
    definition: PackageDefinition, matters: list[MatterView], promise: Timing, road: Timing
) -> tuple[StageView, ...]:
    return tuple(
        StageView(
            stage, promise.stage_days[n], definition.stage_days[n], road.stage_days[n],
            tuple(sorted((m for m in matters if m.slot.stage == n), key=lambda m: (m.slot.step, m.slot.lane))),
        )
        for n, stage in enumerate(STAGES)
    )


def _matter(
    row: RowDefinition, promise: Timing, road: Timing, names: Mapping[str, str], known: Mapping[str, object]
) -> MatterView:
    matter = row.matter
    return MatterView(
        row_pk=row.pk, version_pk=matter.pk, definition=matter, slot=promise.slots[matter.code],
        road=road.slots[matter.code], days=row.promised_days, is_counted=row.is_counted, required=row.required,
        together=row.together, condition=row.condition,
        prerequisites=tuple((code, names[code]) for code in matter.prerequisites if code in names),
        materials=resolve_materials(matter.materials, names), has_material_list=bool(matter.materials),
        entry=row.entry, committed=row.committed,
        reviews=tuple(
            ReviewView(r.pk, r.body, r.role, r.days, r.tacit, part, r.note)
            for r in matter.reviews
            if (part := True if r.rule is None else r.rule.holds(known)) is not False
        ),
    )


def resolve_materials(lines: Iterable[MaterialLine], names: Mapping[str, str]) -> tuple[MaterialView, ...]:
    """Where each material comes from when `names` are the matters of the plan; lines that lapse are left out."""
    views = (_resolve(line, names) for line in lines)
    return tuple(view for view in views if view.source != MaterialSource.LAPSES)


def _resolve(line: MaterialLine, names: Mapping[str, str]) -> MaterialView:
    source = line.source
    given = next((code for code in line.from_matters if code in names), "")
    if line.from_matters and not given:
        source = line.second_source or source
    return MaterialView(
        line.pk, line.name, line.form, source, given, names.get(given, ""), line.kind, line.kind_name,
        line.deferral_days,
    )


def submissions(rows: Iterable[RowDefinition]) -> tuple[int, int]:
    """How many materials these matters asked for before the reform, and how many are still submitted."""
    chosen = list(rows)
    names = {row.matter.code: row.matter.name for row in chosen}
    views = [view for row in chosen for view in resolve_materials(row.matter.materials, names)]
    return len(views), sum(view.is_submitted for view in views)


def _undecided(row: RowDefinition, known: Mapping[str, object]) -> Undecided:
    return Undecided(
        row.matter.code, row.matter.name, row.matter.stage, row.condition,
        in_order(open_names(row.rule, known)),
    )


def open_names(rule: Node | None, known: Mapping[str, object]) -> set[str]:
    """Facts that a rule still waits for; derived ones are left out, their own rules ask for them."""
    tests = () if rule is None else open_tests(rule, known)
    return {test.name for test in tests if not isinstance(test, Applies) and test.name != ASSESSMENTS}


def in_order(names: Iterable[str]) -> tuple[Fact, ...]:
    """These facts in the order in which they are asked."""
    wanted = set(names)
    return tuple(fact for name, fact in vocabulary().items() if name in wanted)


def _questions(
    definition: PackageDefinition, rows: tuple[RowDefinition, ...], known: Mapping[str, object]
) -> tuple[Fact, ...]:
    """What still has to be asked: for matters that are undecided, and for bodies that may take part in the others."""
    names: set[str] = set()
    for row in definition.rows:
        names |= open_names(row.rule, known)
    for row in rows:
        for review in row.matter.reviews:
            names |= open_names(review.rule, known)
    return in_order(names)


def questions_of(package: PackageVersion | PackageDefinition) -> tuple[Fact, ...]:
    """All situation questions (情形引导) of a package: the facts that its rules and its scope name."""
    definition = definition_of(package) if isinstance(package, PackageVersion) else package
    names = open_names(definition.scope, {})
    for row in definition.rows:
        names |= open_names(row.rule, {})
        for review in row.matter.reviews:
            names |= open_names(review.rule, {})
    return in_order(names)
