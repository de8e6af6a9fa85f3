"""The domain's test vectors (`tests/data/vectors.tsv`), by kind."""

import csv
from pathlib import Path

PATH = Path(__file__).parent.parent / "data" / "vectors.tsv"


def vectors(*kinds):
    """Return (value, is_valid) of these kinds; a kind without a vector is a mistake of the test."""
    with PATH.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["kind"] in kinds]
    assert {row["kind"] for row in rows} == set(kinds)
    return [(row["value"], row["valid"] == "yes") for row in rows]
