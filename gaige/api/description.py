"""The OpenAPI 3.1 description, made from the declarations: what is not declared is not given, and the reverse."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from agency.major_states import ApiScope
from gaige.api.fields import MOMENT, TEXT, Field, Resource
from gaige.api.resources import FIGURE_FIELDS, PROJECTS, RESOURCES

VERSION = "1.0.0"
PREFIX = "/api/v1/"


def _named(resource: Resource) -> str:
    return {"projects": "Project", "cases": "Case", "waiting": "Waiting"}[resource.name]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _refusals(*codes: str) -> dict[str, Any]:
    return {code: {"$ref": f"#/components/responses/R{code}"} for code in codes}


PAGING = (
    {
        "name": "after", "in": "query", "required": False, "description": "上一页 next 给出的位置",
        "schema": {"type": "integer", "minimum": 0},
    },
    {
        "name": "size", "in": "query", "required": False, "description": "一页多少",
        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
    },
)


def _list(resource: Resource) -> dict[str, Any]:
    return {
        "get": {
            "operationId": f"list_{resource.name}", "summary": resource.title, "description": resource.means,
            "tags": [str(ApiScope(resource.scope).label)],
            "parameters": [*PAGING, *(one.schema() for one in resource.parameters)],
            "responses": {
                "200": _json(_ref(f"{_named(resource)}Page"), "一页"), **_refusals("400", "401", "403", "429"),
            },
        }
    }


def _page_schema(resource: Resource) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": _ref(_named(resource))},
            "next": {"type": ["string", "null"], "format": "uri", "description": "下一页的地址；没有了为 null"},
        },
    }


def _figures_schema() -> dict[str, Any]:
    row = {
        "type": "object", "additionalProperties": False, "required": [field.name for field in FIGURE_FIELDS],
        "properties": {field.name: field.schema() for field in FIGURE_FIELDS},
    }
    return {
        "type": "object", "additionalProperties": False, "required": ["made_at", "region", "items"],
        "properties": {
            "made_at": Field("made_at", MOMENT, "统计时间").schema(),
            "region": Field("region", TEXT, "区划代码").schema(),
            "items": {"type": "array", "items": row},
        },
    }


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for resource in RESOURCES.values():
        found[_named(resource)] = resource.schema()
        found[f"{_named(resource)}Page"] = _page_schema(resource)
    found["Figures"] = _figures_schema()
    found["Problem"] = {
        "type": "object", "additionalProperties": False, "required": ["type", "status", "title"],
        "properties": {
            "type": {"type": "string"}, "status": {"type": "integer"},
            "title": {"type": "string", "description": "发生了什么，怎么办"},
        },
    }
    return found


REFUSALS = {
    "400": "参数不对", "401": "没有令牌，或已过期、已吊销", "403": "令牌不能读这一项",
    "404": "没有，或不在数据范围内", "429": "次数太多，稍后再试",
}


def description() -> dict[str, Any]:
    """Return the whole description."""
    paths: dict[str, Any] = {f"{PREFIX}{row.name}/": _list(row) for row in RESOURCES.values()}
    paths[f"{PREFIX}projects/{{code}}/"] = {
        "get": {
            "operationId": "get_project", "summary": "一个项目", "tags": [str(ApiScope.PROJECTS.label)],
            "parameters": [{
                "name": "code", "in": "path", "required": True, "description": "项目代码", "schema": {"type": "string"},
            }],
            "responses": {
                "200": _json(_ref(_named(PROJECTS)), "项目"), **_refusals("401", "403", "404", "429"),
            },
        }
    }
    paths[f"{PREFIX}figures/"] = {
        "get": {
            "operationId": "get_figures", "summary": "统计数字", "tags": [str(ApiScope.FIGURES.label)],
            "description": "指挥调度的全部数字，此刻统计，不含个人。",
            "responses": {"200": _json(_ref("Figures"), "数字"), **_refusals("401", "403", "429")},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "工程建设项目审批一窗：数据接口", "version": VERSION,
            "description": "只读。令牌由系统管理员签发，有范围和期限，放在 Authorization 首部；每次请求都有记录。",
        },
        "servers": [{"url": settings.SITE_URL}],
        "security": [{"token": []}],
        "tags": [{"name": str(scope.label)} for scope in ApiScope],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
            "responses": {
                f"R{code}": {
                    "description": words, "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
                for code, words in REFUSALS.items()
            },
        },
    }
