"""Parts of a list page: tabs, sorting, paging, export. They belong to the library `ui`."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.core.paginator import Page
from django.http import QueryDict
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gaige.templatetags import dates
from gaige.templatetags.plain import get

register = template.Library()


def _query(context: Context, **changes: Any) -> str:
    """Return the query string of the request with some parameters set, or dropped when None."""
    request = context.get("request")
    query: QueryDict = request.GET.copy() if request is not None else QueryDict(mutable=True)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return "?" + query.urlencode()


@register.inclusion_tag("ui/tabs.html")
def tabs(items: Iterable[Any], label: str = "队列") -> dict[str, Any]:
    """Show counters that are filters. An item: label, count, url, current, bad (red when it is not 0)."""
    rows = [
        {
            "label": get(item, "label", ""),
            "count": dates.number(get(item, "count", 0)),
            "url": get(item, "url", ""),
            "current": get(item, "current", False),
            "bad": bool(get(item, "bad", False) and get(item, "count", 0)),
        }
        for item in items
    ]
    return {"items": rows, "label": label}


@register.simple_tag(takes_context=True)
def sort_th(context: Context, label: str, name: str, numeric: bool = False, default: str = "") -> SafeString:  # noqa: FBT001, FBT002
    """Show a sortable head cell: a link to ``?sort=name``, then ``?sort=-name``; other parameters stay, the page goes.

    ``default`` is the order of the list when the address names none.
    """
    request = context.get("request")
    current = request.GET.get("sort", default) if request is not None else default
    descending, ascending = current == f"-{name}", current == name
    sort = {True: "descending"}.get(descending) or ("ascending" if ascending else "")
    return format_html(
        '<th scope="col"{}{}><a class="sort" href="{}">{}{}</a></th>',
        SafeString(' class="n"') if numeric else "",
        format_html(' aria-sort="{}"', sort) if sort else "",
        _query(context, sort=f"-{name}" if ascending else name, page=None, after=None, before=None),
        label,
        " ↓" if descending else " ↑" if ascending else "",
    )


@register.inclusion_tag("ui/pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], label: str = "翻页") -> dict[str, Any]:
    """Show the pages of a ``Paginator``: what is seen of how many, back and forth; other parameters stay."""
    count = page.paginator.count
    return {
        "label": label,
        "words": f"{dates.number(count)} 件中的 {page.start_index()}–{page.end_index()}",
        "place": f"第 {page.number} 页，共 {page.paginator.num_pages} 页",
        "back": _query(context, page=page.number - 1) if page.has_previous() else "",
        "forth": _query(context, page=page.number + 1) if page.has_next() else "",
    }


@register.inclusion_tag("ui/pager.html", takes_context=True)
def keyset_pager(
    context: Context, before: Any = None, after: Any = None, count: int | None = None, label: str = "翻页"
) -> dict[str, Any]:
    """Show back and forth for a list that is cut by key (``?before=``, ``?after=``); None means there is no more."""
    return {
        "label": label,
        "words": f"共 {dates.number(count)} 件" if count is not None else "",
        "place": "",
        "back": _query(context, before=before, after=None) if before is not None else "",
        "forth": _query(context, after=after, before=None) if after is not None else "",
    }


@register.simple_tag(takes_context=True)
def export_links(context: Context, formats: str = "csv") -> SafeString:
    """Show 导出 links for the list as it is filtered: ``?export=csv`` (``formats`` separated by blanks)."""
    names = formats.split()
    labels = ["导出"] if len(names) == 1 else [f"导出 {name.upper()}" for name in names]
    rows = [(_query(context, export=name, page=None), label) for name, label in zip(names, labels, strict=True)]
    return format_html_join("　", '<a class="noprint" href="{}">{}</a>', rows)
