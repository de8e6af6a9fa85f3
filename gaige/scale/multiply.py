"""Copies made-up projects inside PostgreSQL: every row with new keys, codes and numbers, every chain hashed anew.

What makes a city slow is the way of each row through Python; a million cases are copies of some true thousands, made
by one statement per table. Only projects are copied that nobody has touched since `synthesize` made them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction

from agency.models import Agent, Assignment
from archives.models import Document, Paper, QrToken
from gaige.scale.rows import ORDER
from packages.models import Application, MatterCase
from projects.bulk import columns
from projects.events import canonical
from projects.models import Event, Involvement, IssueItem, Project, WorkUnit

#: In an empty portal about so many cases are made as a template; what stands is a template up to so many.
TEMPLATE_CASES, MOST_TEMPLATE = 20_000, 100_000
COPIED: tuple[type[models.Model], ...] = (Project, *ORDER, QrToken)
CASE, PROJECT = MatterCase._meta.label, Project._meta.label
#: Untouched: nobody's hand, and no kind of event that `synthesize` does not write.
UNTOUCHED = """
CREATE TEMP TABLE template ON COMMIT DROP AS
SELECT id, cases, sum(cases) OVER (ORDER BY id) AS total FROM (
    SELECT p.id, (SELECT count(*) FROM packages_mattercase c WHERE c.project_id = p.id) AS cases FROM projects_project p
    WHERE EXISTS (SELECT 1 FROM archives_qrtoken q WHERE q.project_id = p.id AND q.token LIKE 'synthetic%%')
      AND p.event_seq = (
        SELECT count(*) FROM projects_event e WHERE e.project_id = p.id AND e.actor_id IS NULL AND e.kind IN (
            'project.registered', 'project.stage_moved', 'case.created', 'case.outside', 'case.received',
            'case.correction_told', 'case.accepted', 'case.decided'))
      AND NOT EXISTS (
        SELECT 1 FROM packages_mattercase c WHERE c.project_id = p.id AND NOT EXISTS (
            SELECT 1 FROM projects_event e WHERE e.project_id = p.id AND e.subject_key = c.id::text))
    ORDER BY p.id LIMIT %s) AS found
"""
CHAIN = """
CREATE TEMP TABLE links ON COMMIT DROP AS
WITH RECURSIVE chain AS (
    SELECT m.old, k, {project} AS project_id, f.code, f.name, t.seq, t.event, {key} AS subject_key,
           ''::text AS previous, {hash_first} AS hash
    FROM keys_projects_project m CROSS JOIN generate_series(1, {copies}) AS k
    JOIN fresh f ON f.place = (k - 1) * {count} + m.place
    JOIN told t ON t.project = m.old AND t.seq = 1
    UNION ALL
    SELECT c.old, c.k, c.project_id, c.code, c.name, t.seq, t.event, {key_next}, c.hash, {hash_next}
    FROM chain c JOIN told t ON t.project = c.old AND t.seq = c.seq + 1
)
SELECT * FROM chain
"""


@dataclass(slots=True)
class Table:
    """The keys of one table: the highest that stands, and how many rows the template has."""

    model: type[models.Model]
    base: int = 0
    count: int = 0

    @property
    def name(self) -> str:
        """The table."""
        return str(self.model._meta.db_table)

    @property
    def keys(self) -> str:
        """The temporary table that gives each row of the template its place."""
        return f"keys_{self.name}"

    def key(self, alias: str, turn: str = "k") -> str:
        """The new key of the row whose place is in `alias`."""
        return f"{self.base} + ({turn} - 1) * {self.count} + {alias}.place"


@dataclass(slots=True)
class Copying:
    """One run: how many copies, of which tables, and from where new numbers count."""

    copies: int
    standing: int
    numbers: int
    tables: dict[type[models.Model], Table] = field(default_factory=dict)


def multiply(cases: int, *, numbers_each: int, agent_projects: int, code_of: Any) -> tuple[int, int]:
    """Copy untouched made-up projects as often as fits into `cases`; return how many projects and cases came.

    `code_of` gives the code of a running number; each project has `numbers_each` numbers of its own. PostgreSQL only.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        is_free = _hurry(cursor)
        standing = Project.objects.count()
        cursor.execute(UNTOUCHED, [MOST_TEMPLATE])
        cursor.execute("DELETE FROM template WHERE total > %s", [min(MOST_TEMPLATE, cases)])
        cursor.execute("SELECT coalesce(sum(cases), 0), count(*) FROM template")
        there, projects = (int(value) for value in cursor.fetchone())
        if not there:
            return 0, 0
        run = Copying(cases // there, standing, standing * numbers_each)
        for model in COPIED:
            run.tables[model] = _places(cursor, model)
        _fresh(cursor, run, projects, code_of)
        names = [*(table.name for table in run.tables.values()), Event._meta.db_table]
        later = list(_without_indexes(cursor, names)) if is_free else []
        _tell(cursor, run)
        for table in run.tables.values():
            _copy(cursor, run, table, agent_projects)
        for statement in later:
            cursor.execute(statement)
        return projects * run.copies, there * run.copies


def _hurry(cursor: Any) -> bool:
    """No wait for the disk, room for sorting; whoever may leaves foreign keys unchecked: copies point at copies.

    Returns whether they are: then indexes can be dropped and made again as well.
    """
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    cursor.execute("SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '96MB'")
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    is_free = bool(cursor.fetchone()[0])
    if is_free:
        cursor.execute("SET LOCAL session_replication_role = replica")
    return is_free


def _pointing(model: type[models.Model]) -> dict[str, type[models.Model]]:
    """The columns of a model that point at rows which are copied as well."""
    return {
        str(one.column): one.related_model
        for one in model._meta.concrete_fields
        if one.related_model in COPIED
    }


def _places(cursor: Any, model: type[models.Model]) -> Table:
    """Give each row of the template its place, and return the table."""
    table, pointing = Table(model), _pointing(model)
    parent = "project_id" if "project_id" in pointing else next(iter(pointing), "")
    if model is Project:
        source = "template AS t"
    else:
        source = f'"{table.name}" AS t JOIN keys_{pointing[parent]._meta.db_table} AS m ON m.old = t."{parent}"'
    cursor.execute(
        f"CREATE TEMP TABLE {table.keys} ON COMMIT DROP AS "  # noqa: S608 - names from the models
        f"SELECT t.id AS old, row_number() OVER (ORDER BY t.id) AS place FROM {source}"
    )
    cursor.execute(f"CREATE UNIQUE INDEX ON {table.keys} (old); ANALYZE {table.keys}")
    cursor.execute(
        f'SELECT (SELECT count(*) FROM {table.keys}), (SELECT coalesce(max(id), 0) FROM "{table.name}")'  # noqa: S608
    )
    table.count, table.base = cursor.fetchone()
    return table


def _fresh(cursor: Any, run: Copying, projects: int, code_of: Any) -> None:
    """Write the codes and the running numbers of the copies; `place` counts from 1."""
    cursor.execute("CREATE TEMP TABLE fresh (place bigint PRIMARY KEY, code text, name text) ON COMMIT DROP")
    lines = (
        f"{place}\t{code_of(run.standing + place - 1)}\t{run.standing + place - 1:05d}\n"
        for place in range(1, projects * run.copies + 1)
    )
    cursor.copy_expert("COPY fresh FROM STDIN", io.StringIO("".join(lines)))
    cursor.execute(
        "UPDATE fresh SET name = regexp_replace(p.name, '[0-9]+$', '') || fresh.name "
        "FROM keys_projects_project m JOIN projects_project p ON p.id = m.old "
        "WHERE m.place = (fresh.place - 1) %% %s + 1", [projects],
    )
    cursor.execute("ANALYZE fresh")


def _without_indexes(cursor: Any, tables: list[str]) -> Iterator[str]:
    """Drop the indexes that no constraint needs; yield the statements that make them again."""
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname = ANY(%s) AND t.relnamespace = "
        "current_schema()::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)",
        [tables],
    )
    for name, definition in cursor.fetchall():
        cursor.execute(f'DROP INDEX "{name}"')
        yield definition


# The chains ----------------------------------------------------------------------------------------------------------


def _tell(cursor: Any, run: Copying) -> None:
    """Write the events of the copies: what the template's say, under their keys, each with the hash before it."""
    project, case = run.tables[Project], run.tables[MatterCase]
    cursor.execute(
        "CREATE TEMP TABLE told (event bigint, project bigint, seq bigint, place bigint, text text) ON COMMIT DROP"
    )
    cursor.execute(f"SELECT old, place FROM {case.keys}")  # noqa: S608
    places = dict(cursor.fetchall())
    found = Event.objects.filter(project__in=models.expressions.RawSQL("SELECT id FROM template", []))
    codes = dict(Project.objects.values_list("pk", "code")) if run.copies else {}
    lines = (_line(event, codes, places) for event in found.iterator(chunk_size=2000))
    cursor.copy_expert("COPY told FROM STDIN", io.StringIO("".join(lines)))
    cursor.execute("CREATE UNIQUE INDEX ON told (project, seq); ANALYZE told")

    def hashed(pid: str, key: str, source: str, previous: str) -> str:
        text = "t.text"
        for mark, value in (("P", f"({pid})::text"), ("K", f"({key})::text"), ("C", f"{source}.code"),
                            ("N", f"{source}.name"), ("H", previous)):
            text = f"replace({text}, '@{mark}@', {value})"
        return f"'sha256:' || encode(sha256(convert_to({text}, 'UTF8')), 'hex')"

    def key(pid: str, turn: str) -> str:
        return f"coalesce({case.key('t', turn)}, {pid})"

    first, again = project.key("m"), "c.project_id"
    cursor.execute(CHAIN.format(
        project=first, copies=run.copies, count=project.count, key=key(first, "k"), key_next=key(again, "c.k"),
        hash_first=hashed(first, key(first, "k"), "f", "''"),
        hash_next=hashed(again, key(again, "c.k"), "c", "c.hash"),
    ))
    cursor.execute("CREATE UNIQUE INDEX ON links (old, k, seq); ANALYZE links")
    changed = {
        "chain": "'project:' || l.project_id", "seq": "l.seq", "project_id": "l.project_id",
        "subject_key": "l.subject_key::text", "previous_hash": "l.previous", "hash": "l.hash",
        "subject_label": f"CASE WHEN e.subject_type = '{PROJECT}' THEN l.name ELSE e.subject_label END",
        "summary": "CASE WHEN l.seq = 1 THEN replace(e.summary, p.code, l.code) ELSE e.summary END",
        "data": "CASE WHEN l.seq = 1 THEN replace(e.data::text, p.code, l.code)::jsonb ELSE e.data END",
    }
    names = columns(Event)
    values = ", ".join(changed.get(name, f"e.{name}") for name in names.replace('"', "").split(", "))
    cursor.execute(
        f"INSERT INTO projects_event ({names}) SELECT {values} FROM links l "  # noqa: S608
        "JOIN projects_event e ON e.id = l.event JOIN projects_project p ON p.id = l.old ORDER BY l.project_id, l.seq"
    )


def _line(event: Event, codes: dict[int, str], places: dict[int, int]) -> str:
    """Return what is hashed of an event of the template, with marks where a copy differs."""
    code = codes[event.project_id or 0]
    is_case = event.subject_type == CASE
    place = str(places[int(event.subject_key)]) if is_case else "\\N"
    head = f"{event.pk}\t{event.project_id}\t{event.seq}\t{place}\t"
    event.chain, event.subject_key, event.previous_hash = "project:@P@", "@K@", "@H@"
    event.project_id = "@P@"
    if not is_case:
        event.subject_label = "@N@"
    text = canonical(event).replace('"project_id":"@P@"', '"project_id":@P@')
    if event.seq == 1:
        text = text.replace(code, "@C@")
    return head + text.replace("\\", "\\\\") + "\n"


# The rows ------------------------------------------------------------------------------------------------------------


def _padded(number: str, digits: int) -> str:
    return f"lpad(({number})::text, {digits}, '0')"


def _changed(run: Copying, table: Table, agent_projects: int) -> dict[str, str]:
    """Return the columns of a table that are neither copied nor keys, with what stands in them."""
    number = f"({run.numbers} + (k - 1) * {table.count} + m.place)"
    case, project, model = run.tables[MatterCase], run.tables[Project], table.model
    serial = f"{run.standing} + (k - 1) * {project.count} + j_project_id.place - 1"
    known: dict[type[models.Model], dict[str, str]] = {
        Project: {
            **_fresh_words(project, "m"),
            "event_hash": "(SELECT hash FROM links WHERE links.old = t.id AND links.k = k.k AND seq = t.event_seq)",
        },
        WorkUnit: _fresh_unit(project),
        Application: {"number": f"'SY' || {_padded(number, 9)}"},
        MatterCase: {"number": f"CASE WHEN t.number = '' THEN '' ELSE 'BY' || {_padded(number, 9)} END"},
        QrToken: {"token": f"'synthetic' || {_padded(serial, 13)}"},
        Document: {"source_key": _key_of_case(case, "t.source_key")},
        IssueItem: {"subject_key": _key_of_case(case, "t.subject_key")},
        Paper: {
            "subject_key": _key_of_case(case, "t.subject_key"), "serial": number,
            "number": f"'〔' || t.year || '〕合成证字第' || {_padded(number, 9)} || '号'",
            "verify_code": f"'SYN' || {_padded(number, 12)}",
        },
    }
    if model in (Involvement, Assignment):
        return _spared(model, serial, agent_projects)
    return known.get(model, {})


def _fresh_words(project: Table, alias: str) -> dict[str, str]:
    found = f"(SELECT {{}} FROM fresh WHERE fresh.place = (k - 1) * {project.count} + {alias}.place)"  # noqa: S608
    return {"code": found.format("code"), "name": found.format("name")}


def _fresh_unit(project: Table) -> dict[str, str]:
    """Works carry the code and the name of their project, and what tells them apart."""
    of = "(SELECT length(p.{}) FROM projects_project p WHERE p.id = t.project_id)"
    fresh = _fresh_words(project, "j_project_id")
    return {name: f"{words} || substr(t.{name}, 1 + {of.format(name)})" for name, words in fresh.items()}


def _key_of_case(case: Table, column: str) -> str:
    """The key of the copy of the case whose key a column holds as text."""
    place = f"(SELECT s.place FROM {case.keys} s WHERE s.old = {column}::bigint)"  # noqa: S608
    return f"({case.base} + (k - 1) * {case.count} + {place})::text"


def _spared(model: type[models.Model], serial: str, agent_projects: int) -> dict[str, str]:
    """Beyond so many projects the next agent has them, as in a city that is made row by row."""
    busy, spare = Agent.objects.order_by("pk")[:2]
    column, old, new = ("agent_id", busy.pk, spare.pk)
    if model is Involvement:
        column, old, new = ("user_id", busy.user_id, spare.user_id)
    return {column: f"CASE WHEN t.{column} = {old} AND {serial} >= {agent_projects} THEN {new} ELSE t.{column} END"}


def _copy(cursor: Any, run: Copying, table: Table, agent_projects: int) -> None:
    """Write the copies of a table by one statement and move its sequence on."""
    changed, joins, names, values = _changed(run, table, agent_projects), [], [], []
    pointing = _pointing(table.model)
    for one in table.model._meta.concrete_fields:
        column = str(one.column)
        names.append(f'"{column}"')
        if one.primary_key:
            values.append(table.key("m"))
        elif column in pointing:
            other = run.tables[pointing[column]]
            joins.append(f'LEFT JOIN {other.keys} AS j_{column} ON j_{column}.old = t."{column}"')
            values.append(other.key(f"j_{column}"))
        else:
            values.append(changed.get(column, f't."{column}"'))
    cursor.execute(
        f'INSERT INTO "{table.name}" ({", ".join(names)}) SELECT {", ".join(values)} '  # noqa: S608
        f'FROM "{table.name}" AS t JOIN {table.keys} AS m ON m.old = t.id {" ".join(joins)} '
        f"CROSS JOIN generate_series(1, {run.copies}) AS k"
    )
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), greatest(1, max(id))) "  # noqa: S608
        f'FROM "{table.name}"'
    )


__all__ = ["TEMPLATE_CASES", "multiply"]
