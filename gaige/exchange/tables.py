"""The tables and columns that are written, as systems that upload to the platform have them (docs/exchange.md).

No public copy of the standard's text is known; names and codes are those that deployed systems of versions 2.0 and 3.0
agree on. Columns whose values nobody has proved (工程分类, 投资来源, 土地获取, 材料类型) are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from archives.states import NOT_HANDED_OVER, TransferState
from projects.states import PartyRole
from projects.status_codes import StatusCode

TEXT, WHOLE, NUMBER, DAY, MOMENT = "文本", "整数", "小数", "日期", "时间"
#: 审批流程类型, standard stages, 立项类型, 里程碑规则, time units, 事项来源, 审批结果类型.
PROCESS_TYPES = tuple(str(code) for code in range(1, 11))
STAGES = ("1", "2", "3", "4", "5")
PROJECT_TYPES = ("1", "2", "3")
MILESTONES = ("1", "2")
UNITS = ("WD", "ND", "WH", "NH")
YES_NO = ("0", "1")
RESULTS = ("10", "20", "30", "99")
#: 档案移交状态 in words: its codes and the column's name are not proved (docs/exchange.md).
HAND_OVER = (NOT_HANDED_OVER, *(str(state.label) for state in TransferState))
STATUS = tuple(str(code.value) for code in StatusCode)
NEVER = "9999-01-01"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the standard, what it means, what it holds, whether it has to, and the allowed codes."""

    name: str
    means: str
    kind: str = TEXT
    is_required: bool = True
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeTable:
    """One table; `keys` are the columns that name a row beside the serial."""

    name: str
    means: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Return the common columns and the own ones."""
        return (*COMMON, *self.columns)


COMMON = (
    Column("LSH", "流水号", WHOLE), Column("DFSJZJ", "地方数据主键"), Column("XZQHDM", "行政区划代码"),
    Column("SJYXBS", "数据有效标识", codes=YES_NO), Column("SJWXYY", "数据无效原因", is_required=False),
    Column("SJSCZT", "数据上传状态", codes=("0", "2", "3", "-1")),
    Column("SBYY", "失败原因", is_required=False),
    Column("SCSJ", "上传时间", MOMENT, is_required=False), Column("GXSJ", "更新时间", MOMENT),
)

PROCESS = ExchangeTable("SPGL_DFXMSPLCXXB", "地方项目审批流程信息表", (
    Column("SPLCBM", "审批流程编码"), Column("SPLCMC", "审批流程名称"), Column("SPLCBBH", "审批流程版本号"),
    Column("SPLCSXSJ", "审批流程生效时间", DAY), Column("SPLCLX", "审批流程类型", codes=PROCESS_TYPES),
    Column("SPLCSM", "审批流程说明", is_required=False),
), ("SPLCBM", "SPLCBBH"))
STAGE = ExchangeTable("SPGL_DFXMSPLCJDXXB", "地方项目审批流程阶段信息表", (
    Column("SPLCBM", "审批流程编码"), Column("SPLCBBH", "审批流程版本号"), Column("SPJDBM", "审批阶段编码"),
    Column("SPJDMC", "审批阶段名称"), Column("SPJDXH", "审批阶段序号", WHOLE),
    Column("DYBZSPJDXH", "对应标准审批阶段序号", codes=STAGES), Column("SPJDSX", "审批阶段时限", WHOLE),
    Column("LCBSXLX", "里程碑事项类型", codes=MILESTONES),
), ("SPLCBM", "SPLCBBH", "SPJDXH"))
ITEM = ExchangeTable("SPGL_DFXMSPLCJDSXXXB", "地方项目审批流程阶段事项信息表", (
    Column("SPLCBM", "审批流程编码"), Column("SPLCBBH", "审批流程版本号"), Column("SPJDXH", "审批阶段序号", WHOLE),
    Column("SPSXBM", "审批事项编码"), Column("SPSXBBH", "审批事项版本号"), Column("SPSXMC", "审批事项名称"),
    Column("SFSXGZCNZ", "是否实行告知承诺制", codes=YES_NO), Column("SPSXBLSX", "审批事项办理时限", WHOLE),
    Column("SPSXSXDW", "时限单位", codes=UNITS), Column("SPBMMC", "审批部门名称"),
    Column("SPBMBM", "审批部门编码", is_required=False), Column("QZSPSXBM", "前置审批事项编码", is_required=False),
    Column("SFLCBSX", "是否里程碑事项", codes=YES_NO),
), ("SPLCBM", "SPLCBBH", "SPSXBM", "SPSXBBH"))
PROJECT = ExchangeTable("SPGL_XMJBXXB", "项目基本信息表", (
    Column("XMDM", "项目代码"), Column("XMMC", "项目名称"), Column("GCDM", "工程代码"), Column("GCMC", "工程名称"),
    Column("QJDGCDM", "前阶段关联工程代码", is_required=False),
    Column("SPLCLX", "审批流程类型", codes=PROCESS_TYPES, is_required=False),
    Column("LXLX", "立项类型", codes=PROJECT_TYPES), Column("NKGSJ", "拟开工时间", DAY, is_required=False),
    Column("NJCSJ", "拟建成时间", DAY, is_required=False),
    Column("ZTZE", "总投资额（万元）", NUMBER, is_required=False),
    Column("JSDDXZQH", "建设地点行政区划"), Column("JSDD", "建设地点", is_required=False),
    Column("YDMJ", "用地面积（平方米）", NUMBER, is_required=False),
    Column("JZMJ", "建筑面积（平方米）", NUMBER, is_required=False), Column("SBSJ", "申报时间", MOMENT),
    Column("SPLCBM", "审批流程编码", is_required=False), Column("SPLCBBH", "审批流程版本号", is_required=False),
    Column("SFWCQYPG", "是否完成区域评估", codes=YES_NO), Column("XMSFWQBJ", "项目是否完全办结", codes=YES_NO),
    Column("XMWQBJSJ", "项目完全办结时间", MOMENT, is_required=False), Column("JSDW", "建设单位"),
    Column("DAYJZT", "档案移交状态", is_required=False, codes=HAND_OVER),
    Column("JSDWDM", "建设单位统一社会信用代码"),
), ("XMDM", "GCDM"))
UNIT = ExchangeTable("SPGL_XMDWXXB", "项目单位信息表", (
    Column("XMDM", "项目代码"), Column("GCDM", "工程代码"), Column("DWTYSHXYDM", "单位统一社会信用代码"),
    Column("DWMC", "单位名称"), Column("DWLX", "单位类型", codes=tuple(PartyRole.values)),
), ("GCDM", "DWTYSHXYDM", "DWLX"))
CASE = ExchangeTable("SPGL_XMSPSXBLXXB", "项目审批事项办理信息表", (
    Column("GCDM", "工程代码"), Column("SPSXBM", "审批事项编码"), Column("SPSXBBH", "审批事项版本号"),
    Column("SPLCBM", "审批流程编码"), Column("SPLCBBH", "审批流程版本号"), Column("SPSXSLBM", "审批事项实例编码"),
    Column("SPBMBM", "审批部门编码", is_required=False), Column("SPBMMC", "审批部门名称"),
    Column("SLFS", "受理方式", codes=("1", "2")), Column("BLSPSLBM", "并联审批实例编码", is_required=False),
    Column("SXBLSX", "事项办理时限", WHOLE),
), ("SPSXSLBM",))
CASE_EVENT = ExchangeTable("SPGL_XMSPSXBLXXXXB", "项目审批事项办理详细信息表", (
    Column("GCDM", "工程代码"), Column("SPSXSLBM", "审批事项实例编码"), Column("BLCS", "办理处室", is_required=False),
    Column("BLR", "办理人"), Column("BLZT", "办理状态", codes=STATUS), Column("BLYJ", "办理意见", is_required=False),
    Column("BLSJ", "办理时间", MOMENT), Column("DWMC", "办理单位名称", is_required=False),
), ("SPSXSLBM", "BLZT", "DFSJZJ"))
RESULT = ExchangeTable("SPGL_XMSPSXPFWJXXB", "项目审批事项批复文件信息表", (
    Column("GCDM", "工程代码"), Column("SPSXSLBM", "审批事项实例编码"), Column("PFRQ", "批复日期", DAY),
    Column("PFWH", "批复文号"), Column("PFWJBT", "批复文件标题"), Column("PFWJYXQX", "批复文件有效期限", DAY),
    Column("FJMC", "附件名称", is_required=False), Column("FJLX", "附件类型", is_required=False),
    Column("FJID", "附件ID", is_required=False), Column("SPJGLX", "审批结果类型", codes=RESULTS),
    Column("ZZBH", "证照编号", is_required=False),
), ("SPSXSLBM", "PFWH"))
ATTACHMENT = ExchangeTable("SPGL_XMQTFJXXB", "项目其他附件信息表", (
    Column("GCDM", "工程代码"), Column("FJMC", "附件名称"), Column("FJLX", "附件类型"), Column("FJID", "附件ID"),
), ("FJID",))
SPECIAL = ExchangeTable("SPGL_XMSPSXBLTBCXXXB", "项目审批事项特别程序信息表", (
    Column("GCDM", "工程代码"), Column("SPSXSLBM", "审批事项实例编码"), Column("TBCXMC", "特别程序名称"),
    Column("TBCXKSSJ", "特别程序开始时间", MOMENT), Column("TBCXSXLX", "特别程序时限类型", codes=UNITS),
    Column("TBCXSX", "特别程序时限", WHOLE),
), ("SPSXSLBM", "TBCXKSSJ"))
OPINION = ExchangeTable("SPGL_XMSPSXZQYJXXB", "项目审批事项征求意见信息表", (
    Column("GCDM", "工程代码"), Column("SPSXSLBM", "审批事项实例编码"),
    Column("BLDWDM", "办理单位代码", is_required=False),
    Column("BLDWMC", "办理单位名称"), Column("FKSJ", "反馈时间", MOMENT), Column("FKYJ", "反馈意见"),
), ("SPSXSLBM", "DFSJZJ"))
MATERIAL = ExchangeTable("SPGL_XMSQCLJQTFJXXB", "项目申请材料及其他附件信息表", (
    Column("GCDM", "工程代码"), Column("SPSXSLBM", "审批事项实例编码"), Column("CLMC", "材料名称"),
    Column("SQFS", "收取方式"), Column("SQSL", "收取数量", WHOLE), Column("FJID", "附件ID", is_required=False),
), ("SPSXSLBM", "CLMC"))
BUILDING = ExchangeTable("SPGL_XMDTXXB", "项目单体信息表", (
    Column("GCDM", "工程代码"), Column("DTMC", "单体名称"),
    Column("JZMJ", "建筑面积（平方米）", NUMBER, is_required=False),
    Column("JZGD", "建筑高度（米）", NUMBER, is_required=False), Column("CS", "层数", WHOLE, is_required=False),
), ("GCDM", "DTMC"))
REGION = ExchangeTable("SPGL_QYPGXXB", "区域评估信息表", (
    Column("QYPGBM", "区域评估编码"), Column("QYPGQYMC", "区域名称"), Column("QYPGSXMC", "评估事项名称"),
    Column("PGCGMC", "评估成果名称", is_required=False), Column("SXRQ", "生效日期", DAY, is_required=False),
    Column("JZRQ", "截止日期", DAY, is_required=False),
), ("QYPGBM",))

TABLES: tuple[ExchangeTable, ...] = (
    PROCESS, STAGE, ITEM, PROJECT, UNIT, CASE, CASE_EVENT, RESULT, ATTACHMENT, SPECIAL, OPINION, MATERIAL, BUILDING,
    REGION,
)
