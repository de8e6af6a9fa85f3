"""docs/states.md says of every state machine exactly what the code does."""

from pathlib import Path

from django.apps import apps

from gaige.states_doc import machines, render
from projects.fsm import StateModel

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "states.md"


def test_the_document_is_what_the_code_says():
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "run manage.py states --write"


def test_every_model_with_a_state_is_in_it():
    told = {model for model, _ in machines()}
    assert told == {model for model in apps.get_models() if issubclass(model, StateModel)}


def test_every_state_can_be_reached_and_every_transition_stays_in_the_list():
    for model, field in machines():
        values = {str(value) for value, _ in field.choices}
        steps = list(getattr(model(), f"get_all_{field.name}_transitions")())
        assert {str(step.target) for step in steps} <= values
        assert {str(step.source) for step in steps} <= values
        assert all((getattr(model, step.name).__doc__ or "").strip() for step in steps)
