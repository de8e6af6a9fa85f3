"""Region codes (GB/T 2260 as maintained by 民政部) that the portal names, and historical ones that old numbers keep.

A code that is not here is no error: real project codes carry regions of development zones that no table knows.
"""

from __future__ import annotations

REGIONS: dict[str, str] = {
    "140000": "山西省",
    "140500": "晋城市",
    "140502": "城区",
    "140521": "沁水县",
    "140522": "阳城县",
    "140524": "陵川县",
    "140525": "泽州县",
    "140581": "高平市",
    "310000": "上海市",
    "310101": "黄浦区",
    "310104": "徐汇区",
    "310105": "长宁区",
    "310106": "静安区",
    "310107": "普陀区",
    "310109": "虹口区",
    "310110": "杨浦区",
    "310112": "闵行区",
    "310113": "宝山区",
    "310114": "嘉定区",
    "310115": "浦东新区",
    "310116": "金山区",
    "310117": "松江区",
    "310118": "青浦区",
    "310120": "奉贤区",
    "310151": "崇明区",
}

HISTORICAL: dict[str, str] = {
    "310103": "卢湾区",
    "310108": "闸北区",
    "310119": "南汇区",
    "310230": "崇明县",
}


def region_name(code: str, *, historical: bool = False) -> str | None:
    """The name of a current region code (with `historical`, also of an abolished one), or None when it is unknown."""
    return REGIONS.get(code) or (HISTORICAL.get(code) if historical else None)


def parent_code(code: str) -> str:
    """The code of the region above: 140581 -> 140500 -> 140000 -> empty. Districts of 直辖市 stand right below them."""
    county = code[:4] + "00"
    if not code.endswith("00") and county in REGIONS:
        return county
    return "" if code.endswith("0000") else code[:2] + "0000"
