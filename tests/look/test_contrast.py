"""Every pair of colours that the style sheets put together can be read: text 4.5 and more, other marks 3 and more."""

import re

import pytest

from tests.look.css import contrast, mix, text, tokens

T = tokens()
TEXT = ("ink", "ink-2", "ink-3", "act", "seal", "good", "warn", "bad", "still")
SURFACES = ("paper", "ground")
TONES = ("act", "good", "warn", "bad", "still")
OWNERS = ("gov", "ent", "spc", "mid")

PAIRS = [(name, T[name], surface, T[surface]) for name in TEXT for surface in SURFACES]
# the disabled button and the read-only field
PAIRS += [(name, T[name], "sunk", T["sunk"]) for name in ("ink", "ink-2", "ink-3")]
# white on filled grounds: primary button, marks, chosen segment, heads of the flow chart
PAIRS += [("white", "#ffffff", name, T[name]) for name in ("act", "seal", "ink", "ink-3")]
# chips and notices on their own tint, the selected row
PAIRS += [(tone, T[tone], f"{tone} 8 %", mix(T[tone], 8, T["paper"])) for tone in TONES]
PAIRS += [("ink", T["ink"], f"{tone} 6 %", mix(T[tone], 6, T["paper"])) for tone in TONES]
PAIRS += [(name, T[name], "act 6 %", mix(T["act"], 6, T["paper"])) for name in TEXT]
PAIRS += [(name, T[name], "bad 6 %", mix(T["bad"], 6, T["paper"])) for name in ("ink", "act")]
PAIRS += [("ink", T["ink"], "act 10 %", mix(T["act"], 10, "#ffffff"))]


@pytest.mark.parametrize(("name", "colour", "surface", "ground"), PAIRS, ids=[f"{a} on {c}" for a, _, c, _ in PAIRS])
def test_text_can_be_read(name, colour, surface, ground):
    assert contrast(colour, ground) >= 4.5, f"--{name} on {surface}"


@pytest.mark.parametrize("name", ["edge", *OWNERS, "act", "seal", "good", "still"])
def test_marks_can_be_seen(name):
    assert contrast(T[name], T["paper"]) >= 3


@pytest.mark.parametrize(("step", "colour"), [("h1", "ink"), ("h2", "ink"), ("h3", "white"), ("h4", "white")])
def test_figures_in_the_heat_table_can_be_read(step, colour):
    ground = re.search(rf"\.{step} \{{ background: (#[0-9a-f]{{6}}); \}}", text("office")).group(1)
    assert contrast("#ffffff" if colour == "white" else T["ink"], ground) >= 4.5


def test_amber_is_never_text():
    assert not re.search(r"(?<![-\w])color: var\(--amber\)", text("base", "layout", "components", "office", "print"))


def test_the_tokens_are_those_of_the_design():
    assert {name: T[name] for name in ("ink", "ink-2", "ink-3", "paper", "ground", "sunk", "line", "edge")} == {
        "ink": "#1b232e",
        "ink-2": "#454f5d",
        "ink-3": "#5c6674",
        "paper": "#fff",
        "ground": "#f6f5f1",
        "sunk": "#edece6",
        "line": "#dddbd3",
        "edge": "#80868e",
    }
    assert {name: T[name] for name in ("act", "seal", "good", "warn", "bad", "still", "amber", *OWNERS)} == {
        "act": "#1b4f80",
        "seal": "#b3261e",
        "good": "#1f6848",
        "warn": "#7d4e06",
        "bad": "#b3261e",
        "still": "#56606e",
        "amber": "#d9940f",
        "gov": "#2d6699",
        "ent": "#b97d14",
        "spc": "#7c6a9f",
        "mid": "#4c8c86",
    }


def test_no_colour_stands_outside_the_tokens():
    """Only white, black and the four steps of the heat table are written as figures in the layered sheets."""
    found = set(re.findall(r"#[0-9a-fA-F]{3,6}\b", text("base", "layout", "components", "office", "print")))
    assert found == {"#fff", "#000", "#e6edf4", "#bdd1e3", "#2d6699", "#163f66"}
