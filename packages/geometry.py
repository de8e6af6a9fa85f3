"""Boundaries and places as GeoJSON: reading, checking, containment, and the outline of a boundary as SVG. Pure.

The library is loaded when a boundary is at hand, so that a worker that never sees one does not carry it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from projects.errors import DomainError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Shape = Mapping[str, Any]
#: Kinds of a boundary, and of the place of a project.
AREAS = ("Polygon", "MultiPolygon")
PLACES = ("Point", *AREAS)
NAMES = {"Point": "点", "Polygon": "面", "MultiPolygon": "多个面", "LineString": "线", "MultiPoint": "多个点",
         "MultiLineString": "多条线", "GeometryCollection": "图形集合"}
#: A boundary with more corners is cut down before it is typed in; the field of the form says the same.
MOST_POINTS = 5000
LONGEST_TEXT = 400_000
LONGITUDES, LATITUDES = (73.0, 136.0), (3.0, 54.0)
EARTH_RADIUS = 6_371_008.8
#: Parts of this size (about 0.1 m²) are rounding, not land.
SLIVER = 1e-11


@dataclass(frozen=True, slots=True)
class Frame:
    """West, south, east, north in degrees, as they are stored."""

    west: Decimal
    south: Decimal
    east: Decimal
    north: Decimal

    @property
    def fields(self) -> dict[str, Decimal]:
        """The fields of a model that has a frame."""
        return {"west": self.west, "south": self.south, "east": self.east, "north": self.north}


def read_boundary(text: str) -> dict[str, Any]:
    """Return the polygon of a unit. Raises `DomainError` (`boundary`) with a sentence that says what is wrong."""
    return _read(text, AREAS, "区域范围")


def read_place(text: str) -> dict[str, Any]:
    """Return the place of a project, a point or a polygon. Raises `DomainError` (`boundary`)."""
    return _read(text, PLACES, "项目位置")


def point(longitude: float, latitude: float) -> dict[str, Any]:
    """Return a checked point."""
    return read_place(json.dumps({"type": "Point", "coordinates": [longitude, latitude]}))


def _read(text: str, allowed: tuple[str, ...], what: str) -> dict[str, Any]:
    if len(text) > LONGEST_TEXT:
        raise DomainError("boundary", f"{what}的数据太长（超过 {LONGEST_TEXT // 1000} 千字符），请简化后再上传。")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise DomainError("boundary", f"{what}不是有效的 GeoJSON，请从制图软件重新导出后再试。") from fault
    shape = _unwrapped(given, what)
    kind = shape.get("type")
    if kind not in allowed:
        words = NAMES.get(str(kind), "无法识别的图形")
        wanted = "多边形（Polygon 或 MultiPolygon）" if allowed == AREAS else "点或多边形"
        raise DomainError("boundary", f"{what}应为{wanted}，上传的是{words}，请重新导出。")
    _check_numbers(shape.get("coordinates"), what)
    return _checked(shape, what)


def _unwrapped(given: Any, what: str) -> dict[str, Any]:
    """Return the geometry of a feature or of a collection with one feature."""
    if isinstance(given, dict) and given.get("type") == "FeatureCollection":
        features = given.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise DomainError("boundary", f"{what}应只含一个图形，请分开登记。")
        given = features[0]
    if isinstance(given, dict) and given.get("type") == "Feature":
        given = given.get("geometry")
    if not isinstance(given, dict):
        raise DomainError("boundary", f"{what}不是有效的 GeoJSON，请从制图软件重新导出后再试。")
    return given


def _check_numbers(coordinates: Any, what: str) -> None:
    """Refuse what is no pair of degrees of this country (metres of a map, latitude first), and too many corners."""
    count = 0
    for x, y in _pairs(coordinates, what, 0):
        count += 1
        if not (LONGITUDES[0] <= x <= LONGITUDES[1] and LATITUDES[0] <= y <= LATITUDES[1]):
            raise DomainError(
                "boundary",
                f"{what}第 {count} 个坐标（{x:g}，{y:g}）不在国内：应为经度在前、纬度在后的度数，请核对坐标系。",
            )
    if not 0 < count <= MOST_POINTS:
        words = "没有坐标" if not count else f"有 {count} 个坐标点，超过 {MOST_POINTS} 个，请简化"
        raise DomainError("boundary", f"{what}{words}后再试。" if count else f"{what}{words}，请重新导出。")


def _pairs(value: Any, what: str, depth: int) -> Iterable[tuple[float, float]]:
    if not isinstance(value, list) or depth > 4:  # noqa: PLR2004 - a MultiPolygon is nested four deep
        raise DomainError("boundary", f"{what}的坐标格式有误，请重新导出。")
    if value and all(isinstance(part, int | float) and not isinstance(part, bool) for part in value):
        if len(value) < 2 or not all(math.isfinite(part) for part in value):  # noqa: PLR2004 - longitude, latitude
            raise DomainError("boundary", f"{what}的坐标格式有误，请重新导出。")
        yield float(value[0]), float(value[1])
        return
    for part in value:
        yield from _pairs(part, what, depth + 1)


def _checked(shape: Mapping[str, Any], what: str) -> dict[str, Any]:
    from shapely import force_2d
    from shapely.errors import GEOSException
    from shapely.geometry import mapping
    from shapely.validation import explain_validity

    try:
        found = force_2d(_shape(shape))
    except (GEOSException, ValueError, TypeError, IndexError, AttributeError) as fault:
        raise DomainError("boundary", f"{what}不是闭合的多边形，每一圈至少要有三个不同的角点，请重新绘制。") from fault
    if found.is_empty:
        raise DomainError("boundary", f"{what}没有坐标，请重新导出。")
    if not found.is_valid:
        raise DomainError("boundary", _fault_words(explain_validity(found), what))
    if found.geom_type in AREAS and found.area < SLIVER:
        raise DomainError("boundary", f"{what}的面积为零，角点在一条线上，请重新绘制。")
    return json.loads(json.dumps(mapping(found)))  # type: ignore[no-any-return]


def _fault_words(reason: str, what: str) -> str:
    """Say in Chinese why a polygon is not one: `Self-intersection[112.9 35.8]`."""
    kind, _, place = reason.partition("[")
    at = f"（在 {place.rstrip(']').replace(' ', '，')} 附近）" if place else ""
    if "Self-intersection" in kind:
        return f"{what}的边界自相交{at}，请按顺序重新绘制后再试。"
    if "Hole" in kind or "Nested" in kind:
        return f"{what}的内圈和外圈位置不对{at}，请重新绘制后再试。"
    return f"{what}不是有效的多边形{at}，请重新绘制后再试。"


def _shape(geometry: Shape) -> BaseGeometry:
    from shapely.geometry import shape

    return shape(geometry)


def frame_of(geometry: Shape) -> Frame:
    """Return the frame of a checked geometry."""
    west, south, east, north = (Decimal(str(round(value, 7))) for value in _shape(geometry).bounds)
    return Frame(west, south, east, north)


def hectares(geometry: Shape) -> Decimal:
    """Return about how large a polygon is, in 公顷; good to a few in a thousand, for comparison with what was told."""
    from shapely.affinity import scale

    found = _shape(geometry)
    middle = math.radians(found.centroid.y)
    metre = math.radians(1) * EARTH_RADIUS
    flat = scale(found, xfact=metre * math.cos(middle), yfact=metre, origin=(0, 0))
    return Decimal(str(round(flat.area / 10_000, 2)))


def covers(boundary: Shape, place: Shape) -> bool:
    """Whether a place lies wholly in a boundary; its edge is in it."""
    return bool(_shape(boundary).covers(_shape(place)))


def share_covered(boundaries: Iterable[Shape], place: Shape) -> list[int]:
    """Return the numbers of the boundaries that hold a part of the place; empty unless together they hold all of it."""
    from shapely.ops import unary_union

    target, shapes = _shape(place), [_shape(boundary) for boundary in boundaries]
    touched = [n for n, found in enumerate(shapes) if _shares(found, target)]
    if not touched:
        return []
    rest = target.difference(unary_union([shapes[n] for n in touched]))
    return touched if rest.area < SLIVER and (target.area > 0 or rest.is_empty) else []


def touched(boundaries: Iterable[Shape], place: Shape) -> list[int]:
    """Return the numbers of the boundaries that hold some part of the place."""
    target = _shape(place)
    return [n for n, boundary in enumerate(boundaries) if _shares(_shape(boundary), target)]


def _shares(boundary: BaseGeometry, place: BaseGeometry) -> bool:
    """Whether they have land in common; for a point, whether it lies in the boundary. A common edge is none."""
    if place.area == 0:
        return bool(boundary.covers(place))
    return bool(boundary.intersection(place).area > SLIVER)


# The drawing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a boundary and of places in it, as data of SVG in a box of 320 by at most 320."""

    width: int
    height: int
    path: str
    places: tuple[str, ...]
    points: tuple[tuple[float, float], ...]


SIDE, MARGIN = 320, 12


def outline(boundary: Shape, places: Iterable[Shape] = ()) -> Outline:
    """Return the drawing of a boundary with the places of projects in it, north above."""
    from shapely import simplify

    found = _shape(boundary)
    given = [_shape(place) for place in places]
    west, south, east, north = found.bounds
    for one in given:
        box = one.bounds
        west, south, east, north = min(west, box[0]), min(south, box[1]), max(east, box[2]), max(north, box[3])
    squeeze = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
    factor = (SIDE - 2 * MARGIN) / max(wide, high)

    def place_of(x: float, y: float) -> tuple[float, float]:
        return round(MARGIN + (x - west) * squeeze * factor, 1), round(MARGIN + (north - y) * factor, 1)

    def path_of(area: BaseGeometry) -> str:
        parts = getattr(area, "geoms", [area])
        rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
        return "".join(
            "M" + "L".join(f"{x:g} {y:g}" for x, y in (place_of(*pair[:2]) for pair in ring.coords[:-1])) + "Z"
            for ring in rings
        )

    plain = simplify(found, 0.5 / factor)
    return Outline(
        SIDE if wide >= high else round(wide * factor + 2 * MARGIN),
        SIDE if high >= wide else round(high * factor + 2 * MARGIN), path_of(plain if plain.is_valid else found),
        tuple(path_of(one) for one in given if one.area > 0),
        tuple(place_of(one.centroid.x, one.centroid.y) for one in given),
    )
