"""The models of migrations, of which an empty database makes thousands and a run of the suite half a dozen times as many.

They have no transitions: that each state field of theirs hears of every class is left out. And their fields are copied
from the state of the migrations, not taken apart and built anew. Each is a third of the time; the tables are the same.
"""

import copy

from django.db.models import Field
from django_fsm import FSMFieldMixin

HISTORICAL = "__fake__"


def without_transitions():
    """Let the state fields of migrations be plain fields in this process; those of the portal's models stay as they are."""
    as_ever = FSMFieldMixin.contribute_to_class
    if hasattr(as_ever, "is_spared"):
        return

    def contribute_to_class(self, cls, name, private_only=False, **options):
        if cls.__module__ == HISTORICAL:
            super(FSMFieldMixin, self).contribute_to_class(cls, name, private_only=private_only, **options)
        else:
            as_ever(self, cls, name, private_only=private_only, **options)

    contribute_to_class.is_spared = True
    FSMFieldMixin.contribute_to_class = contribute_to_class


def with_copied_fields():
    """Let a field that belongs to no model be copied in this process, as fields of an abstract model are."""
    as_ever = Field.clone
    if hasattr(as_ever, "is_spared"):
        return

    def clone(self):
        if hasattr(self, "model"):
            return as_ever(self)
        made = copy.deepcopy(self)  # Django's own: with a relation of its own, and nothing else is copied
        made.creation_counter, Field.creation_counter = Field.creation_counter, Field.creation_counter + 1
        return made

    clone.is_spared = True
    Field.clone = clone
