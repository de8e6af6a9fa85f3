"""Many small tables in one query: rows of any models as JSON, one UNION ALL, made into instances again.

A project page shows what thirty tables hold of one project, a row or two each; asked one by one they cost thirty round
trips. `gather` takes querysets and returns what `list` would of each: order, `select_related`, `defer`, and
`prefetch_related` over foreign keys and one list (`units`, `clock__pauses`).

Apps register what the project page needs (`register`, in `AppConfig.ready`). `load` reads the parts of one project
inside of `one_page()`, those whose place the glance has seen; `rows` returns them to whoever shows them. Without a
page, or for many projects, `rows` asks for its own part only.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist
from django.db import connection, models
from django.db.models import CharField, F, IntegerField, Prefetch, QuerySet, TextField, Value
from django.db.models.constants import LOOKUP_SEP
from django.db.models.functions import Cast, JSONArray
from django.db.models.lookups import In

from projects import plans, prepared, timing
from projects.glance import glance
from projects.memo import Memo
from projects.models import Project
from projects.one_page import keep, seen

Rows = Callable[[Sequence["Project"]], "QuerySet[Any, Any]"]


# Rows of one model as JSON -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """A model of a row: its columns, and the models that are read with it."""

    model: type[models.Model]
    path: str
    fields: tuple[models.Field[Any, Any], ...]
    related: tuple[tuple[Any, _Shape], ...]
    names: list[str]
    key: int
    """Which of the fields is the key."""
    readers: list[Callable[[Any], Any] | None]
    """How the values of the fields are read from JSON; None where JSON says the same."""

    def columns(self) -> JSONArray:
        """Return the row as an array: an array of its own columns, then one for each related model."""
        own = JSONArray(*(_column(one, self.path + one.attname) for one in self.fields))
        return JSONArray(own, *(shape.columns() for _, shape in self.related))

    def made(self, row: list[Any]) -> models.Model | None:
        """Return the instance of an array; None when there is no row."""
        values = row[0]
        if values[self.key] is None:
            return None
        read = zip(self.readers, values, strict=True)
        made = self.model.from_db(
            connection.alias, self.names,
            [value if value is None or reader is None else reader(value) for reader, value in read],
        )
        for (link, shape), more in zip(self.related, row[1:], strict=True):
            other = shape.made(more)
            link.set_cached_value(made, other)
            if other is not None and link.one_to_one:
                link.remote_field.set_cached_value(other, made)
        return made


def _shape(model: type[models.Model], path: str, selected: dict[str, Any], without: Collection[str]) -> _Shape:
    fields = tuple(one for one in model._meta.concrete_fields if path + one.name not in without)
    links: list[tuple[str, Any]] = [(name, model._meta.get_field(name)) for name in selected]
    related = tuple(
        (link, _shape(link.related_model, f"{path}{name}{LOOKUP_SEP}", selected[name], without)) for name, link in links
    )
    names, key = [one.attname for one in fields], [one.primary_key for one in fields].index(True)
    return _Shape(model, path, fields, related, names, key, [_reader(one) for one in fields])


#: Columns whose JSON says the same as the database's own answer.
_PLAIN = (
    models.AutoField, models.IntegerField, models.CharField, models.TextField, models.BooleanField, models.FloatField,
    models.ForeignKey, models.FileField,
)
_PARSED = (models.DateTimeField, models.DateField, models.TimeField, models.UUIDField)


def _column(one: models.Field[Any, Any], path: str) -> Any:
    if isinstance(one, models.DecimalField):
        return Cast(F(path), CharField(max_length=60))
    if isinstance(one, (*_PLAIN, *_PARSED, models.JSONField)):
        return F(path)
    raise TypeError(f"{one} has no place in a gathered row; leave it out with defer()")


def _reader(one: Any) -> Callable[[Any], Any] | None:
    """Return what makes of a column's JSON what the database would have answered; None where it is the same."""
    if isinstance(one, models.DecimalField):
        return lambda value: one.to_python(value).quantize(one.to_python(10) ** -one.decimal_places)
    if isinstance(one, models.JSONField) and connection.vendor == "postgresql":
        return None
    if isinstance(one, models.DateTimeField):
        return _moment
    if isinstance(one, _PARSED):
        return cast("Callable[[Any], Any]", one.to_python)
    if isinstance(one, models.BooleanField):
        return bool
    from_db = getattr(one, "from_db_value", None)
    return (lambda value: from_db(value, None, connection)) if from_db else None


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


# One queryset --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Part:
    """One queryset of a gathering; a child is a list that hangs on the rows of another."""

    rows: QuerySet[Any, Any]
    shape: _Shape
    parent: _Part | None = None
    link: Any = None
    """The foreign key of a child to its parent's row, or to the row that `hops` lead to."""
    hops: tuple[str, ...] = ()
    name: str = ""
    is_attribute: bool = False

    def query(self, number: int) -> QuerySet[Any, Any]:
        """Return the part as (number, row)."""
        return self.rows.order_by().values_list(
            Value(number, IntegerField()), Cast(self.shape.columns(), TextField()), named=False
        )

    def in_order(self, found: list[Any]) -> list[Any]:
        """Return rows in the order of the queryset."""
        query = self.rows.query
        wanted = list(query.order_by or (query.get_meta().ordering if query.default_ordering else None) or ())
        for name in reversed(wanted):
            if not isinstance(name, str):
                raise TypeError(f"a gathered part orders by names, not by {name!r}")
            path = name.removeprefix("-").split(LOOKUP_SEP)
            if self.link is None or path != [self.link.name]:  # a list hangs on one row
                found = sorted(found, key=lambda row: _sort_key(row, path), reverse=name.startswith("-"))
        return found

    def hang(self, found: list[Any], on: list[Any]) -> None:
        """Give rows of the parent their lists."""
        lists: dict[Any, list[Any]] = {}
        for row in self.in_order(found):
            lists.setdefault(getattr(row, self.link.attname), []).append(row)
        whole = self.link.model._default_manager.all()
        for row in on:
            owner = row
            for hop in self.hops:
                owner = getattr(owner, hop) if owner is not None else None
            if owner is not None:
                _hang(owner, self, lists.get(owner.pk, []), whole)


def _hang(owner: models.Model, part: _Part, rows: list[Any], whole: QuerySet[Any, Any]) -> None:
    for row in rows:
        part.link.set_cached_value(row, owner)
    if part.is_attribute:
        setattr(owner, part.name, rows)
        return
    held: Any = whole.all()
    # as Django's own prefetching leaves it: who asks further, asks of this owner's rows
    left = {
        "_hints": {"instance": owner}, "_deferred_filter": (False, (), {part.link.name: owner}),
        "_known_related_objects": {part.link: {owner.pk: owner}}, "_result_cache": rows, "_prefetch_done": True,
    }
    held.__dict__.update(left)
    owner.__dict__.setdefault("_prefetched_objects_cache", {})[part.link.remote_field.cache_name] = held


def _sort_key(row: Any, path: Sequence[str]) -> tuple[bool, Any]:
    """Nothing comes last, as PostgreSQL has it."""
    *hops, last = path
    for name in hops:
        row = getattr(row, name) if row is not None else None
    value = getattr(row, last if last == "pk" else _attribute(row, last)) if row is not None else None
    return value is None, 0 if value is None else value


def _attribute(row: models.Model, name: str) -> str:
    """Return where the value stands that rows are ordered by; of a foreign key its key."""
    one: Any = row._meta.get_field(name)
    if isinstance(one, models.ForeignKey) and name != one.attname and one.related_model._meta.ordering:
        raise TypeError(f"{one} orders by its model's own order; say order_by() with names")
    return str(one.attname)


def _parts(rows: QuerySet[Any, Any]) -> Iterator[_Part]:
    """Return the part of a queryset and one for each list that it prefetches."""
    query = rows.query
    selected = query.select_related if isinstance(query.select_related, dict) else {}
    names, leaves_out = query.deferred_loading
    if (names and not leaves_out) or query.select_related is True or query.is_sliced or query.distinct:
        raise TypeError("a gathered part has neither only(), bare select_related(), a slice nor distinct()")
    main = _Part(rows, _shape(rows.model, "", selected, names if leaves_out else ()))
    yield main
    for lookup in rows._prefetch_related_lookups:  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
        yield from _children(main, lookup if isinstance(lookup, Prefetch) else Prefetch(lookup))


def _children(parent: _Part, wanted: Prefetch[Any]) -> Iterator[_Part]:
    *hops, last = wanted.prefetch_through.split(LOOKUP_SEP)
    model: Any = parent.rows.model
    for hop in hops:
        model = model._meta.get_field(hop).related_model
    try:
        link = model._meta.get_field(last)
    except FieldDoesNotExist:
        link = next(one for one in model._meta.related_objects if one.get_accessor_name() == last)
    if not link.one_to_many:
        raise TypeError(f"{wanted.prefetch_through} is no list of foreign keys to a row that is read with it")
    rows = wanted.queryset if wanted.queryset is not None else link.related_model._default_manager.all()
    keys = parent.rows.order_by().values(LOOKUP_SEP.join([*hops, "pk"]))
    key = link.remote_field
    narrowed = rows.filter(_Among(F(key.name), keys.query))
    attribute = wanted.to_attr or ""
    first, *below = _parts(narrowed)
    first.parent, first.link, first.hops = parent, key, tuple(hops)
    first.name, first.is_attribute = attribute or last, bool(attribute)
    yield first
    yield from below


class _Among(In):
    """In a list that PostgreSQL reads first: as a semi-join of a part that joins ten tables it came last."""

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return `= ANY(ARRAY(SELECT ...))`."""
        left, given = self.process_lhs(compiler, connection)
        keys, more = self.process_rhs(compiler, connection)
        return f"{left} = ANY(ARRAY{keys})", (*given, *more)


@dataclass(slots=True)
class _Plan:
    """Querysets made into one query, to be run again and again."""

    parts: list[_Part]
    wholes: list[int]
    sql: str = ""
    params: tuple[Any, ...] = ()
    text: str = ""
    """On PostgreSQL the statement of which the plan is kept (`projects/plans.py`)."""

    def keep(self) -> _Plan:
        """Keep the plan of a query about one row."""
        if self.sql and connection.vendor == "postgresql":
            self.text = plans.fixed(self.sql, [plans.GIVEN if _stands_in(one) else one for one in self.params])
        return self

    def read(self, value: Callable[[Any], Any] = lambda value: value) -> list[list[Any]]:
        """Run it; `value` says what stands for a parameter."""
        found: list[list[Any]] = [[] for _ in self.parts]
        if self.sql:
            with connection.cursor() as cursor:
                if self.text:
                    plans.carry_out(cursor, self.text, [value(one) for one in self.params if _stands_in(one)])
                else:
                    cursor.execute(self.sql, [value(one) for one in self.params])
                for number, text in cursor.fetchall():
                    found[number].append(self.parts[number].shape.made(json.loads(text)))
        for part, rows in zip(self.parts, found, strict=True):
            if part.parent is not None:
                part.hang(rows, found[self.parts.index(part.parent)])
        return [self.parts[number].in_order(found[number]) for number in self.wholes]


def _plan(querysets: Iterable[QuerySet[Any, Any]]) -> _Plan:
    parts: list[_Part] = []
    wholes: list[int] = []
    for rows in querysets:
        wholes.append(len(parts))
        parts += _parts(rows)
    if not parts:
        return _Plan(parts, wholes)
    asked = [part.query(number) for number, part in enumerate(parts)]
    try:
        return _Plan(parts, wholes, *asked[0].union(*asked[1:], all=True).query.sql_with_params())
    except EmptyResultSet:
        return _Plan(parts, wholes)


def gather(querysets: Iterable[QuerySet[Any, Any]]) -> list[list[Any]]:
    """Return what `list` returns of each queryset. One query for all of them."""
    return _plan(querysets).read()


def gather_of(name: str, rows: Callable[[int], Iterable[QuerySet[Any, Any]]], key: int) -> list[list[Any]]:
    """As `gather` of the rows of one key, which may stand in them as text too; the query is built once a day."""
    plan = _plans.of((name, timing.today()), lambda: _plan(rows(_KEY)).keep())
    given = {_KEY: key, str(_KEY): str(key)}
    return plan.read(lambda one: given.get(one, one) if isinstance(one, int | str) else one)


# What the project page needs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Need:
    rows: Rows
    place: str
    among: Collection[str] | None
    by_key: bool


_needs: dict[str, _Need] = {}


def register(
    name: str, rows: Rows, *, place: str = "", among: Collection[str] | None = None, by_key: bool = True
) -> None:
    """Register rows of the project page; with a `place` only for projects that have a row there, a word `among`.

    Rows that ask a project for more than its key say so: not `by_key`.
    """
    _needs[name] = _Need(rows, place, among, by_key)


#: Built once for each set of parts and day: building them costs more than running them.
_plans: Memo[_Plan] = Memo(most=300, seconds=600)
#: What stands in a kept query for the project that is asked about; no value of a row.
_KEY, _OWNER, _SEQ, _NEAR = -7_205_759_403, -7_205_759_503, 1_905_759_403, 1000


def _stands_in(value: Any) -> bool:
    """Whether a parameter of a kept query stands for something of the row that is asked about."""
    if isinstance(value, int):
        return value in {_KEY, _OWNER} or _SEQ - _NEAR < value <= _SEQ
    return isinstance(value, str) and value == str(_KEY)


def load(project: Project) -> None:
    """Read what the page of one project needs. One query beside the glance.

    What is registered may ask a project for its key, its owner and the number of its newest event.
    """
    sight = glance([project])
    names = tuple(
        name for name, need in _needs.items() if not need.place or sight.has(need.place, project.pk, need.among)
    )
    plan = _plans.of((names, timing.today()), lambda: _plan(_needs[name].rows([_anybody()]) for name in names).keep())

    def value(one: Any) -> Any:
        if one == _KEY:
            return project.pk
        if one == _OWNER:
            return project.owner_id
        is_seq = isinstance(one, int) and _SEQ - _NEAR < one <= _SEQ
        return one - _SEQ + project.event_seq if is_seq else one

    keep(("gathered", project.pk), dict(zip(names, plan.read(value), strict=True)))


def _anybody(pk: int = 0) -> Project:
    """Return the project of a kept query, or of one about several; what else is asked of it is not there, and fails."""
    held = {"id": pk} if pk else {"id": _KEY, "owner_id": _OWNER, "event_seq": _SEQ}
    names = [one.attname for one in Project._meta.concrete_fields if one.attname in held]
    return Project.from_db(connection.alias, names, [held[name] for name in names])


def rows_of(name: str, projects: Iterable[Project], states: Collection[str] | None = None) -> list[Any]:
    """Return the rows of some projects, in these states: of the page's one project from what was loaded.

    Without a page, or for several projects, one query.
    """
    asked = list(projects)
    if not asked:
        return []
    if len(asked) == 1 and (held := loaded(name, asked[0].pk)) is not None:
        return held if states is None else [row for row in held if row.state in states]
    need, wanted = _needs[name], None if states is None else tuple(sorted(states))

    def among(found: Sequence[Project]) -> QuerySet[Any, Any]:
        return need.rows(found) if wanted is None else need.rows(found).filter(state__in=wanted)

    if not need.by_key:
        return list(among(asked))

    def found(pk: int) -> QuerySet[Any, Any]:
        return among([_anybody(pk)])

    return prepared.rows_among(("gathered", name, wanted, timing.today()), found, [one.pk for one in asked])


def loaded(name: str, project_id: int) -> list[Any] | None:
    """Return the rows that the page of this project has loaded; None when it has loaded nothing."""
    held = seen(("gathered", project_id))
    return None if held is None else list(held.get(name, ()))
