"""The page of the forty statements names, for each, tests that exist, or says why it is the operator's."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
LINE = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


@cache
def functions_of(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_statement_is_held_by_tests_that_exist_or_is_the_operators():
    lines = LINE.findall((ROOT / "docs/compliance.md").read_text(encoding="utf-8"))
    assert [int(number) for number, *_ in lines] == list(range(1, 41))
    for number, _, _, held in lines:
        named = NAMED.findall(held)
        assert named or re.search(r"operator: .{80,}", held), number
        assert "`tests" not in NAMED.sub("", held), number
        assert [pair for pair in named if not (ROOT / pair[0]).exists() or pair[1] not in functions_of(pair[0])] == []
