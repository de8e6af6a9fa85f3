"""Form fields that are drawn without templates are, letter by letter, what Django's templates give."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from gaige.form_renderer import FormRenderer

AWKWARD = "a<b>&\"'"
CHOICES = [("", "全部"), ("组<", [(1, "一"), ("b&", "<二>")]), (None, 1234567), (AWKWARD, 2.5)]


@pytest.mark.parametrize(
    "widget",
    [
        forms.TextInput(), forms.NumberInput(), forms.DateInput(), forms.HiddenInput(), forms.EmailInput(),
        forms.Select(choices=CHOICES), forms.SelectMultiple(choices=CHOICES), forms.RadioSelect(choices=CHOICES),
    ],
    ids=lambda widget: type(widget).__name__,
)
def test_a_field_is_drawn_as_django_draws_it(widget):
    for value in (None, "", AWKWARD, 1, 1234567, 2.5):
        for attrs in ({}, {"id": "id_x", "required": True, "hidden": False, "title": AWKWARD, "maxlength": 20}):
            drawn = [widget.render("n<", value, attrs, renderer()) for renderer in (FormRenderer, DjangoTemplates)]
            assert drawn[0] == drawn[1]
