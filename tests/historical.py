"""The models of migrations have no transitions: that each state field of theirs hears of every class is left out.

It is a third of the time of an empty database, of which a run of the suite makes half a dozen.
"""

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
