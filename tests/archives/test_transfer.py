"""移交: what is not in order blocks and is named; the package is valid for the public tool; one volume holds it all."""

import csv
import datetime as dt
import hashlib
import io
import json
import zipfile
from pathlib import Path

import bagit
import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from archives import blobs, completeness, debts, pdfa, pdfs, volumes
from archives.completeness import Missing
from archives.models import Bundle, Document, Inspection, Transfer
from archives.services import bundles, filing, keeping, papers, transferring
from gaige.exchange import tables
from gaige.exchange.rows import Source
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.events import fold, lock_project, verify_chain
from projects.models import Organisation, Project, Provision
from projects.states import Role
from tests.factories import pdf_bytes

from .conftest import GOOD, member, upload

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def city(world):
    body, _ = Organisation.objects.update_or_create(
        code="city-archive", defaults={"name": "城建档案馆", "kind": "archive", "region": world.region}
    )
    world.receiver = member("city-archivist", "陈馆员", body, Role.ARCHIVIST)
    return body


@pytest.fixture
def full(world, city, kind, issue):
    """A delivered project with uploads of several kinds and a rendered paper."""
    with transaction.atomic():
        project = lock_project(world.project.pk)
        for name in ("a.pdf", "b.png", "h.dwg", "e.xlsx"):
            filing.file_upload(
                project, uploaded=upload(name, GOOD[name]), kind=kind, title=f"图{name[0]}", source=project, by=world.owner
            )
    papers.render(issue().pk)
    keeping.take_in_pending()
    Project.objects.filter(pk=world.project.pk).update(stage="delivered", delivered_at=timing.now())
    return Project.objects.get(pk=world.project.pk)


def path_of(version):
    return Path(default_storage.path(version.storage_key))


def reported(project):
    """档案移交状态 as the national table of projects has it."""
    [row] = Source(Project.objects.filter(pk=project.pk), "140581").rows(tables.PROJECT)
    return row["DAYJZT"]


def unpacked(bundle, folder):
    with bundles.open_bundle(bundle) as file, zipfile.ZipFile(file) as container:
        container.extractall(folder)
    [bag] = folder.iterdir()
    return bag


def test_what_is_missing_blocks_and_is_named(world, full, monkeypatch):
    lack = Missing("竣工图", "D", "建设单位", reason="竣工前必备")
    monkeypatch.setitem(completeness._providers, "test", lambda _: [lack])
    assert transferring.precheck(full).problems == [("缺件", "D 竣工图：竣工前必备，建设单位补")]
    with pytest.raises(DomainError) as caught:
        transferring.prepare(full.pk, by=world.owner)
    assert (caught.value.code, caught.value.message) == (
        "transfer_not_ready", "预验收不通过，共 1 处。缺件：D 竣工图：竣工前必备，建设单位补。"
    )
    with pytest.raises(NotAllowed):
        transferring.prepare(full.pk, by=world.outsider)


def the_bag_holds_what_was_handed_over(transfer, project, receiver, filer, folder):
    """The public tool accepts it; its two tables name the sides, the files and how each is kept."""
    bag_folder = unpacked(Bundle.objects.get(transfer=transfer), folder)
    bag = bagit.Bag(str(bag_folder))
    bag.validate()
    sides = ("External-Identifier", "Source-Organization", "Organization-Name")
    assert [bag.info[name] for name in sides] == [f"{project.code}-1", project.centre.name, receiver.name]
    facts = json.loads((bag_folder / "data/transfer.json").read_text(encoding="utf-8"))
    assert [facts[name] for name in ("建设单位", "移交单位", "接收单位", "件数")] == [
        project.owner.name, project.centre.name, receiver.name, 5
    ]
    rows = list(csv.DictReader(io.StringIO((bag_folder / "data/index.csv").read_text(encoding="utf-8-sig"))))
    assert [(row["序号"], row["题名"][:2], row["PDF/A"]) for row in rows] == [
        ("1", "图a", ""), ("2", "图b", ""), ("3", "图h", ""), ("4", "图e", ""), ("5", "受理", "2u")
    ]
    assert [row["格式"] for row in rows] == [
        "application/pdf", "image/png", "image/vnd.dwg",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/pdf",
    ]
    assert {(row["责任者"], row["归档时间"]) for row in rows[:4]} == {(filer.name, "2026-03-02 09:30:00")}
    assert [row["来源环节"] for row in rows[:4]] == [f"项目 {project}"] * 4
    assert (bag_folder / "data" / rows[0]["文件"]).read_bytes() == GOOD["a.pdf"]
    assert [row["长期保存"] for row in rows] == [
        "已另存 PDF/A-2u 件", "已另存 PDF/A-2u 件", "按原样移交：DWG 图纸不是可以转换的格式",
        "按原样移交：Excel 表格（xlsx）不是可以转换的格式", "原件即 PDF/A-2u",
    ]
    for row in rows[:2]:
        copy = (bag_folder / "data" / row["PDF/A-2u 件"]).read_bytes()
        assert (pdfa.faults_of(io.BytesIO(copy)), hashlib.sha256(copy).hexdigest()) == ([], row["PDF/A-2u 件 SHA-256"])
    assert list(blobs._incoming().iterdir()) == [], "copies do not stay"


def test_the_whole_way_with_a_bag_that_the_public_tool_accepts(client, world, full, city, tmp_path):
    assert reported(full) == "未移交"
    Document.objects.filter(project=full).update(filed_at=dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC))
    transfer = transferring.prepare(full.pk, by=world.archivist)
    assert transferring.prepare(full.pk, by=world.archivist).pk == transfer.pk
    assert (transfer.state, transfer.lines.count(), str(transfer.due_on)[:4].isdigit()) == ("prepared", 5, True)
    with pytest.raises(DomainError) as caught:
        transferring.hand_over(transfer.pk, by=world.archivist)
    assert caught.value.code == "bag_not_ready"
    assert (bundles.make_pending(), bundles.make_pending()) == (1, 0)
    the_bag_holds_what_was_handed_over(transfer, full, city, world.owner, tmp_path / "out")
    client.force_login(world.archivist)
    assert client.post(f"/archives/transfers/{transfer.pk}/hand/").status_code == 302
    given = Provision.objects.get()
    assert (given.recipient, given.project, given.way, given.by) == (city, full, "transfer", world.archivist)
    assert given.fields == "参建单位联系人、签收人、归档人"
    client.force_login(world.receiver)
    text = client.get(f"/projects/{full.pk}/archive/transfer/").content.decode()
    assert ("校验并接收" in text, "何档" in text) == (True, True)
    assert full.name in client.get("/archives/transfers/").content.decode()
    listed = client.get("/archives/transfers/?tab=open&q=" + full.name[:4]).content.decode()
    assert (full.name in listed, "校验签收" in listed) == (True, True)
    assert full.name not in client.get("/archives/transfers/?tab=returned").content.decode()
    lines = b"".join(client.get("/archives/transfers/?export=csv").streaming_content).decode()
    assert [line.split(",")[1] for line in lines.splitlines()] == ["项目", full.name]
    assert client.post(f"/archives/transfers/{transfer.pk}/receive/").status_code == 302
    transfer.refresh_from_db()
    assert (transfer.state, transfer.handed_by, transfer.ended_by) == ("received", world.archivist, world.receiver)
    assert (transfer.list_paper.kind, transfer.receipt.issuer) == ("transfer_list", city)
    assert transferring.receive(transfer.pk, by=world.receiver).receipt_id == transfer.receipt_id
    assert reported(full) == "已接收"
    key = ("archives.Transfer", str(transfer.pk), "state")
    assert (fold(full)[key], verify_chain(f"project:{full.pk}")) == ("received", None)


def test_a_broken_file_blocks_the_package_and_can_be_mended(world, full):
    transfer = transferring.prepare(full.pk, by=world.owner)
    version = transfer.lines.get(ordinal=1).version
    before = path_of(version).read_bytes()
    path_of(version).write_bytes(before.replace(b"595", b"596"))
    bundles.make_pending()
    fault = Bundle.objects.get(transfer=transfer).fault
    line = transfer.lines.get(ordinal=1)
    assert fault == f"四性检测不通过：{line.archive_no} 图a（真实性：内容与归档时的摘要一致）。"
    assert Inspection.objects.failed().get().moment == "transfer"
    with pytest.raises(DomainError) as caught:
        transferring.hand_over(transfer.pk, by=world.owner)
    assert caught.value.message == fault
    path_of(version).write_bytes(before)
    transferring.retry(transfer.pk, by=world.owner)
    bundles.make_pending()
    assert transferring.hand_over(transfer.pk, by=world.owner).state == "handed"


def test_a_package_changed_by_one_byte_is_not_received_and_is_returned(world, full, tmp_path):
    transfer = transferring.prepare(full.pk, by=world.owner)
    bundles.make_pending()
    transferring.hand_over(transfer.pk, by=world.owner)
    bundle = Bundle.objects.get(transfer=transfer)
    folder = unpacked(bundle, tmp_path / "out")
    manifest = folder / "manifest-sha256.txt"
    text = manifest.read_text()
    manifest.write_text(("0" if text[0] != "0" else "1") + text[1:])
    from archives import bagging, blobs

    target = tmp_path / "changed.zip"
    bagging.pack(folder, target, name=folder.name)
    with target.open("rb") as file:
        stored = blobs.put([file.read()])
    Bundle.objects.filter(pk=bundle.pk).update(digest=stored.digest, storage_key=stored.key)
    with pytest.raises(DomainError) as caught:
        transferring.receive(transfer.pk, by=world.receiver)
    first = text.split("  ")[1].splitlines()[0]
    assert (caught.value.code, caught.value.message) == (
        "bag_invalid",
        f"移交包校验不一致，不能接收：{first} 的内容与清单不一致；manifest-sha256.txt 的内容与清单不一致。请退回，由移交方重新生成。",
    )
    with pytest.raises(NotAllowed):
        transferring.give_back(transfer.pk, by=world.owner, reason="不行")
    returned = transferring.give_back(transfer.pk, by=world.receiver, reason="移交包校验不一致")
    assert (returned.state, returned.list_paper.state) == ("returned", "revoked")
    assert transferring.prepare(full.pk, by=world.owner).round == 2


@pytest.mark.slow
def test_the_volume_is_one_pdf_with_catalogue_numbers_and_bookmarks(client, world, full):
    client.force_login(world.owner)
    url = f"/projects/{full.pk}/archive/volume/"
    assert [client.post(url).status_code for _ in range(2)] == [302, 302]
    bundle = Bundle.objects.get(kind="volume")
    assert (bundles.make(bundle.pk), bundles.make(bundle.pk)) == (True, False)
    data = b"".join(client.get(f"/archives/bundles/{bundle.pk}/").streaming_content)
    reader = PdfReader(io.BytesIO(data))
    bundle.refresh_from_db()
    assert len(reader.pages) == bundle.pages == 2 + 5 + 1
    texts = [page.extract_text() for page in reader.pages]
    assert ("卷内目录" in texts[1], "第 1 页" in texts[2], "第 5 页" in texts[6]) == (True, True, True)
    assert ("电子件另存" in texts[4], "卷内备考表" in texts[7]) == (True, True)
    names = [item.title for item in reader.outline if not isinstance(item, list)]
    assert names == ["目录", "A3 勘察设计文件", "P 申请与承诺"]
    assert "/Metadata" not in reader.root_object, "an upload in it claims no PDF/A"
    client.force_login(world.outsider)
    assert client.get(f"/archives/bundles/{bundle.pk}/").status_code == 404


@pytest.mark.slow
def test_a_volume_of_our_own_papers_stays_pdfa(world, issue, tmp_path):
    paper = issue()
    papers.render(paper.pk)
    target = io.BytesIO()
    parts = list(bundles._parts(bundles.documents_for(world.project, "office")))
    facts = {"project": "项目", "code": "1", "owner": "a", "region": "b", "centre": "c", "made_on": "2026-11-22"}
    bound = volumes.bind(parts, target, facts=facts, most_bytes=10**8)
    assert (bound.is_pdfa, bound.outside, pdfs.facts_of(target).pdfa, pdfa.faults_of(target)) == (True, 0, "2u", [])
    parts = list(bundles._parts(bundles.documents_for(world.project, "office")))
    small = volumes.bind(parts, io.BytesIO(), facts=facts, most_bytes=10)
    assert (small.outside, parts[0].note) == (1, "文件较大，另册保存")


def test_a_file_that_claims_pdfa_and_does_not_keep_it_takes_the_claim_from_the_volume(world, issue, kind):
    paper = issue()
    papers.render(paper.pk)
    with papers.open_pdf(paper.pk)[1] as file:
        writer, broken = PdfWriter(clone_from=file), io.BytesIO()
    writer.root_object.pop(NameObject("/OutputIntents"))
    writer.write(broken)
    assert pdfs.facts_of(broken).pdfa == "2u"  # the claim alone stands
    with transaction.atomic():
        project = lock_project(world.project.pk)
        filing.file_upload(
            project, uploaded=upload("声称.pdf", broken.getvalue()), kind=kind, title="声称", source=project, by=world.owner
        )
    target = io.BytesIO()
    facts = {"project": "项目", "code": "1", "owner": "a", "region": "b", "centre": "c", "made_on": "2026-11-22"}
    bound = volumes.bind(
        list(bundles._parts(bundles.documents_for(world.project, "office"))), target, facts=facts, most_bytes=10**8
    )
    assert (bound.is_pdfa, bound.outside, pdfs.facts_of(target).pdfa) == (False, 0, "")


def test_the_hand_over_belongs_to_the_end_of_a_project(world, kind, city):
    with pytest.raises(NotAllowed) as caught:
        transferring.prepare(world.project.pk, by=world.owner)
    assert caught.value.message == "项目进入施工验收阶段以后才能预验收和移交。"
    assert (Transfer.objects.count(), pdf_bytes()[:5]) == (0, b"%PDF-")


def test_the_owner_owes_the_hand_over_after_delivery(world, full):
    [debt] = debts.transfers(world.owner, [full])
    assert (debt.title, debt.due_on) == ("向城建档案馆移交项目档案", transferring.due_on(full))
    assert debt.due_on > timing.today()
    transfer = transferring.prepare(full.pk, by=world.owner)
    bundles.make_pending()
    assert len(list(debts.transfers(world.owner, [full]))) == 1
    transferring.hand_over(transfer.pk, by=world.owner)
    assert list(debts.transfers(world.owner, [full])) == []
