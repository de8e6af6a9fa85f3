"""The domain's test vectors (`tests/data/vectors.tsv`), by kind."""

import csv
from pathlib import Path

PATH = Path(__file__).parent.parent / "data" / "vectors.tsv"


def _rows():
    with PATH.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def kinds():
    """Return every kind of vector that the file holds."""
    return {row["kind"] for row in _rows()}


def vectors(*wanted):
    """Return (value, is_valid) of these kinds; a kind without a vector is a mistake of the test."""
    rows = [row for row in _rows() if row["kind"] in wanted]
    assert {row["kind"] for row in rows} == set(wanted)
    return [(row["value"], row["valid"] == "yes") for row in rows]
