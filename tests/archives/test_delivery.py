"""法定文书签收: a legal notice is signed for once, by whom and when; an unsigned one is a to-do (§17)."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from archives.models import Delivery, Paper
from archives.services import delivery
from projects import mine
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def actors(kept_actors):
    return kept_actors


@pytest.fixture
def project(actors):
    project = factories.enrolled_project(actors, "S3")
    factories.accepted(project, ["soil-plan"], actors)
    return project


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def signatures(project):
    rows = Event.objects.filter(project=project, kind="paper.signed_for").order_by("seq")
    return list(rows.values_list("actor_name", "on_behalf_of", "data"))


def test_only_legal_notices_wait_for_a_signature_and_are_signed_for_once(project, actors):
    notice = Paper.objects.get(project=project, kind="acceptance_notice")
    assert [row.paper for row in Delivery.objects.filter(paper__project=project)] == [notice]
    receipt = Paper.objects.get(project=project, kind="receipt")
    with pytest.raises(DomainError) as refused:
        delivery.sign_for(receipt.pk, by=actors.owner)
    assert refused.value.code == "not_legal"

    [debt] = [debt for debt in mine.owed_in(actors.owner, project) if debt.chip == "待签收"]
    assert (debt.title, debt.url) == ("签收受理通知书", reverse("archives:sign", args=[notice.pk]))
    staff = signed_in(actors.owner_staff)
    inbox = staff.get(reverse("agency:inbox"))
    assert (notice.number in inbox.content.decode(), inbox.context["unread"]()) == (True, 1)
    for wrong in (actors.clerk, actors.agent):
        with pytest.raises(NotAllowed):
            delivery.sign_for(notice.pk, by=wrong)
    assert signed_in(actors.clerk).get(debt.url).status_code == 200
    assert Delivery.objects.get().opened_at is None  # the window looking at it is not the addressee

    assert staff.get(debt.url).status_code == 200
    row = Delivery.objects.get()
    assert (row.opened_by, row.signed_at) == (actors.owner_staff, None)
    assert [staff.post(debt.url).status_code, signed_in(actors.owner).post(debt.url).status_code] == [302, 302]
    row = Delivery.objects.get()
    assert (row.signed_name, row.signed_by, row.way) == ("李娜", actors.owner_staff, "portal")
    assert signatures(project) == [("李娜", actors.owner_body.name, {"way": "portal"})]
    assert [debt for debt in mine.owed_in(actors.owner, project) if debt.chip == "待签收"] == []
    assert staff.get(reverse("agency:inbox")).context["unread"]() == 0
    assert "李娜" in signed_in(actors.clerk).get(reverse("archives:notices", args=[project.pk])).content.decode()


def test_one_at_the_window_and_the_rest_at_once(project, actors):
    factories.accepted(project, ["wage-deposit"], actors)
    first, second = Delivery.objects.order_by("pk")
    assert delivery.hand_over(first.paper_id, receiver="门卫老李", by=actors.clerk).way == "counter"
    with pytest.raises(NotAllowed):
        delivery.hand_over(second.paper_id, receiver="某人", by=actors.owner)
    page = signed_in(actors.clerk).post(reverse("archives:hand_over", args=[second.paper_id]), {"receiver": " "})
    assert (page.status_code, "请填写签收人的姓名" in page.content.decode()) == (409, True)
    assert delivery.sign_for_many([first.paper_id, second.paper_id], by=actors.owner) == 1
    assert [row.signed_name for row in Delivery.objects.order_by("pk")] == ["门卫老李", "郭建国"]
    assert [name for name, *_ in signatures(project)] == ["王敏", "郭建国"]


@pytest.mark.slow
def test_one_page_tells_what_each_says_and_one_confirmation_leaves_a_receipt_for_each(project, actors):
    other = factories.enrolled_project(actors, "S1")
    factories.accepted(other, ["soil-plan"], actors)
    factories.accepted(project, ["wage-deposit"], actors)
    notices = list(Delivery.objects.select_related("paper").order_by("-pk"))
    owner, url = signed_in(actors.owner), reverse("archives:sign_many")
    page = owner.get(url)
    said = page.content.decode()
    assert [row.pk for row in page.context["rows"]] == [row.pk for row in notices]
    gists = [row.paper.content["gist"] for row in notices]
    assert [gist[name] for gist in gists for name in ("what", "do", "when") if gist[name] not in said] == []
    assert [row.paper.project for row in owner.get(f"{url}?project={project.pk}").context["rows"]] == [project] * 2
    # the messages shall not lie under screens of notices: five of them, the others are where all are signed for
    inbox = owner.get(reverse("agency:inbox"))
    many = render_to_string("agency/inbox.html", {**inbox.context[0].flatten(), "notices": notices * 2}, inbox.wsgi_request)
    shown = [text.count('class="btn btn-s push"') for text in (inbox.text, many)]
    assert (shown, "这里列最近 5 份" in inbox.text, "这里列最近 5 份" in many) == ([3, 5], False, True)
    # what was issued after the page was opened was not read, and what is not ticked waits
    later, *shown = notices
    assert owner.post(url, {"papers": [*(row.paper_id for row in shown), "x"]}).status_code == 302
    assert list(Delivery.objects.unsigned()) == [later]
    assert owner.post(url, {"papers": [shown[0].paper_id]}).url == url
    assert [len(signatures(one)) for one in (project, other)] == [1, 1]
    with pytest.raises(NotAllowed):
        delivery.sign_for_many([later.paper_id], by=actors.clerk)
    for stranger in (actors.clerk, actors.outsider):
        client = signed_in(stranger)
        assert (client.get(url).context["rows"], client.post(url, {"papers": [later.paper_id]}).url) == ([], url)
    assert Delivery.objects.get(pk=later.pk).signed_at is None


def test_an_outsider_finds_nothing(project, actors):
    paper = Delivery.objects.get().paper_id
    client = signed_in(actors.outsider)
    pages = [("sign", paper), ("hand_over", paper), ("notices", project.pk)]
    codes = [client.post(reverse(f"archives:{name}", args=[pk])).status_code for name, pk in pages if name != "notices"]
    codes += [client.get(reverse(f"archives:{name}", args=[pk])).status_code for name, pk in pages]
    assert codes == [404] * 5
    assert Delivery.objects.get().signed_at is None


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sign_at_once_and_one_signature_stands(at_once):
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3")
    factories.accepted(project, ["soil-plan"], actors)
    paper = Delivery.objects.get(paper__project=project).paper_id
    at_once(*(lambda who=who: delivery.sign_for(paper, by=who) for who in (actors.owner, actors.owner_staff)))
    assert len(signatures(project)) == 1
