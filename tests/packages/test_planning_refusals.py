"""What is wrong on the way to a plan is refused as a whole, by a sentence that names the place and what to do."""

import pytest

from packages.models import MatterVersion
from packages.services.catalogue import CatalogueRefused, load_catalogue


@pytest.mark.django_db
def test_a_catalogue_with_a_circle_or_an_unknown_word_is_refused_as_a_whole_and_the_line_is_named(folder):
    load_catalogue()
    before = list(MatterVersion.objects.order_by("pk").values_list("pk", "status", "digest"))

    def told():
        with pytest.raises(CatalogueRefused) as refused:
            load_catalogue(folder.path)
        assert "未载入任何内容。" in refused.value.message
        assert list(MatterVersion.objects.order_by("pk").values_list("pk", "status", "digest")) == before
        return [str(fault) for fault in refused.value.faults]

    rule = folder("package_matters.tsv", "soc-factory/eia-form", "rule", "moonlight=yes", keys=2)
    [unknown] = told()
    assert unknown.startswith(f"package_matters.tsv 第{rule}行：")
    assert "不认识的情形“moonlight”" in unknown
    line = folder("matters.tsv", "ent-filing", "prerequisites", "eia-register")
    folder("matters.tsv", "eia-register", "prerequisites", "ent-filing")
    assert f"matters.tsv 第{line}行：互相等待，成为循环：ent-filing → eia-register → ent-filing" in told()
