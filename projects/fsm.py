"""Protected states: `StateModel` guards the protected field and refuses a transition that another writer overtook.

`refresh_from_db` of django-fsm-2 switches protection off on the shared class-level field while it runs. Here the
protected values are taken out of the instance, refreshed, and put back when the refresh fails.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django_fsm import FSMField

from projects import plans

if TYPE_CHECKING:

    class ConcurrentTransitionMixin:
        """What the type checker knows of the mixin, which has no types of its own."""

        def _update_initial_state(self) -> None: ...

        def _do_update(self, *given: Any) -> bool: ...

else:
    from django_fsm import ConcurrentTransitionMixin


class StateField(FSMField):
    """A protected state of at most 24 characters with choices; only transitions change it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the defaults of a state."""
        kwargs.setdefault("max_length", 24)
        kwargs.setdefault("protected", True)
        super().__init__(*args, **kwargs)


class StateModel(ConcurrentTransitionMixin, models.Model):
    """A model with protected states; saving fails when the row's state changed since it was read."""

    class Meta:
        """No table of its own."""

        abstract = True

    @property
    def state_fields(self) -> tuple[models.Field[Any, Any], ...]:
        """The fields that hold a state; every instance asks for them."""
        return _state_fields(type(self))

    def _update_initial_state(self) -> None:
        """Keep the states as they were read; a row read without its states (`only`) keeps none and cannot be saved."""
        if all(field.attname in self.__dict__ for field in self.state_fields):
            super()._update_initial_state()
            self._states_read = {field: getattr(self, field.attname) for field in self.state_fields}

    def _do_update(  # type: ignore[override]  # stubs of a later Django
        self, base_qs: models.QuerySet[Any], using: str | None, pk_val: Any,
        values: Collection[tuple[models.Field[Any, Any], type[models.Model] | None, Any]], *more: Any,
    ) -> bool:
        """Write the row where it is in the states that were read; on PostgreSQL by a statement whose plan is kept."""
        is_plain = bool(values) and not any(hasattr(value, "resolve_expression") for _, _, value in values)
        if is_plain and using == connection.alias and base_qs.model is type(self) and connection.vendor == "postgresql":
            given = [field.get_db_prep_save(value, connection) for field, _, value in values]
            sql = _update(type(self), tuple(str(field.column) for field, _, _ in values))
            with connection.cursor() as cursor:
                plans.carry_out(cursor, sql, [*given, pk_val, *self._states_read.values()])
                if cursor.rowcount:
                    return True
        return bool(super()._do_update(base_qs, using, pk_val, values, *more))

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Reload the row; protected fields are dropped from the instance first so that they may be set anew."""
        fields = kwargs.get("fields")
        names = [
            field.attname
            for field in self._meta.concrete_fields
            if getattr(field, "protected", False) and (fields is None or field.name in fields)
        ]
        kept = {name: self.__dict__.pop(name) for name in names if name in self.__dict__}
        try:
            models.Model.refresh_from_db(self, *args, **kwargs)
        except BaseException:
            self.__dict__.update(kept)
            raise
        self._update_initial_state()


@cache
def _state_fields(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(field for field in model._meta.fields if isinstance(field, FSMField))


@cache
def _update(model: type[StateModel], columns: tuple[str, ...]) -> str:
    """Return the statement that writes some columns of a row that is in given states."""
    sets = ", ".join(f'"{column}" = %s' for column in columns)
    states = "".join(f' AND "{field.column}" = %s' for field in _state_fields(model))
    table, key = model._meta.db_table, model._meta.pk.column
    return f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s{states}'  # noqa: S608 - names from the model


def state_check(name: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """Return the CHECK constraint that a state column is one of its choices."""
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{field}__in": list(choices.values)}))
