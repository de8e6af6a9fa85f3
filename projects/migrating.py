"""An operation of migrations: many tables in one go.

Django makes every model of the project anew for each table that a migration creates, when the tables point at each
other; with a hundred and fifty tables that is a minute for an empty database. Here they are made once for all of them.
"""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateTables(Operation):
    """Create the tables of `models` in their order; a table may point at a later one."""

    serialization_expand_args = ["models"]

    def __init__(self, models: Sequence[CreateModel]) -> None:
        """Take what `makemigrations` writes for each table."""
        self.models = list(models)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add all of them to the state; its models are made when somebody asks for them."""
        state.__dict__.pop("apps", None)
        state.is_delayed = False  # they will be whole; else each step that moves data would make all of them again
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create each table."""
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop each table, the last first."""
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Return what the command prints."""
        return f"Create {len(self.models)} tables"

    @property
    def migration_name_fragment(self) -> str:
        """Return the part of a file's name."""
        return "tables"
