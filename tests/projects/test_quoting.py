"""A name that carries quotes of its own stands in a sentence with single ones inside (GB/T 15834)."""

import csv

import pytest
from django.template import Context, Template

from packages.catalog_files import CATALOG
from projects.quoting import cited, numeral, quoted


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


@pytest.mark.parametrize(("basis", "words"), [
    ("建筑法第7条、第8条；建筑工程施工许可管理办法", "《建筑法》第七条、第八条；《建筑工程施工许可管理办法》"),
    ("矿产资源法(2024)第32条", "《矿产资源法》(2024)第三十二条"),
    ("招标投标法第3条；实施条例第16条；住建部令第51号第22条", "《招标投标法》第三条；实施条例第十六条；住建部令第51号第二十二条"),
    ("城乡规划法第40条；省级城乡规划条例", "《城乡规划法》第四十条；省级城乡规划条例"),
    ("《行政许可法》第三十八条", "《行政许可法》第三十八条"),
    ("国办发〔2019〕11号；高平市升级版方案（一档集成）", "国办发〔2019〕11号；高平市升级版方案（一档集成）"),
])
def test_a_law_is_cited_by_its_title_and_the_number_of_its_article(basis, words):
    assert cited(basis) == words


def test_articles_are_numbered_as_laws_number_them():
    assert [numeral(value) for value in (0, 8, 10, 16, 20, 45, 100, 101, 110, 215)] == [
        "零", "八", "十", "十六", "二十", "四十五", "一百", "一百零一", "一百一十", "二百一十五",
    ]


def test_a_page_quotes_in_the_same_way():
    page = Template("{% load ui %}{{ name|quoted }}")
    assert page.render(Context({"name": "施工过程联合检查（“一次查”）<b>"})) == "“施工过程联合检查（‘一次查’）&lt;b&gt;”"
