"""Areas with regional assessment of the demonstration: three made-up boundaries."""

from __future__ import annotations

import json

from packages.models import RegionalUnit
from packages.services import assessment_register as register
from projects.models import Organisation, Region, User

REGION = "140581"
Corners = tuple[tuple[float, float], ...]
#: Corners of a parcel in the first area.
PLOT: Corners = ((112.939, 35.815), (112.9425, 35.8146), (112.943, 35.8175), (112.9394, 35.818))
#: code, name, corners, where it lies
AREAS: tuple[tuple[str, str, Corners, str], ...] = (
    ("GP-KFQ-01", "高平经开区铸造园",
     ((112.932, 35.812), (112.951, 35.809), (112.958, 35.822), (112.944, 35.831), (112.930, 35.826)),
     "丹河以东、铸造大道两侧"),
    ("GP-MC-01", "马村镇能源园", ((112.878, 35.741), (112.899, 35.739), (112.901, 35.753), (112.880, 35.756)),
     "马村镇区以南、铁路专用线以北"),
    ("GP-SM-01", "米山镇丝麻园", ((112.966, 35.768), (112.981, 35.766), (112.984, 35.777), (112.969, 35.780)),
     "米山镇工业路以东、米山水库下游"),
)


def ring(corners: Corners) -> str:
    """A boundary as GeoJSON."""
    return json.dumps({"type": "Polygon", "coordinates": [[*corners, corners[0]]]})


def register_areas(body: Organisation, keeper: User) -> list[RegionalUnit]:
    """Register the three areas, once; return them in their order."""
    known = {unit.code: unit for unit in RegionalUnit.objects.filter(code__in=[code for code, *_ in AREAS])}
    return [
        known.get(code) or register.register_unit(
            code=code, name=name, keeper=body, region=Region.objects.get(code=REGION), boundary=ring(corners),
            description=words, by=keeper,
        )
        for code, name, corners, words in AREAS
    ]
