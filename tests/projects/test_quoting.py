"""A name that carries quotes of its own stands in a sentence with single ones inside (GB/T 15834)."""

import csv

import pytest
from django.template import Context, Template

from packages.catalog_files import CATALOG
from projects.quoting import quoted


@pytest.mark.parametrize(("name", "words"), [
    ("施工许可", "“施工许可”"),
    ("建筑工程施工许可（基坑、桩基阶段“桩基先行”）", "“建筑工程施工许可（基坑、桩基阶段‘桩基先行’）”"),
    ("“多测合一”成果报告", "“‘多测合一’成果报告”"),
    (3, "“3”"),
])
def test_inner_quotes_become_single_ones(name, words):
    assert quoted(name) == words


def test_no_name_of_the_catalogue_nests_quotes_in_a_sentence():
    for file in ("matters.tsv", "materials.tsv", "document_kinds.tsv"):
        lines = (CATALOG / file).read_text(encoding="utf-8").splitlines()
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            said = quoted(row["name_zh"])
            assert (said.count("“"), said.count("”")) == (1, 1), said


def test_a_page_quotes_in_the_same_way():
    page = Template("{% load ui %}{{ name|quoted }}")
    assert page.render(Context({"name": "施工过程联合检查（“一次查”）<b>"})) == "“施工过程联合检查（‘一次查’）&lt;b&gt;”"
