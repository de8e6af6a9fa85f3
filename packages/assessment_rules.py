"""Who may do what with regional results, land lists, standard land and combined reports: pure reads with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.assessment_states import (
    CHAPTER_WITH_COMPILER,
    RESULT_COMING,
    RESULT_LIVE,
    BookState,
    ChapterState,
    LandListState,
    ResultState,
    StandardState,
)
from packages.rules import ANSWERERS, is_agent, is_owner, is_window
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.quoting import quoted
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import (
        BookChapter,
        BookClause,
        LandList,
        LandListItem,
        OneBook,
        RegionalResult,
        RegionalUnit,
        StandardLand,
    )
    from projects.models import Organisation, Project, User

    Person = User | AnonymousUser

#: The body that organises regional assessment, land lists and standard land; the catalogue names it.
ORGANISER = "devzone"


def _at(user: Person, body_id: int, *roles: str) -> bool:
    return access_of(user).has_at(body_id, *(roles or ANSWERERS))


# Regional results ----------------------------------------------------------------------------------------------------


def is_organiser(user: Person) -> bool:
    """Whether the person works for a body that organises regional assessment."""
    return any(body.code == ORGANISER and _at(user, body.pk) for body in access_of(user).organisations)


def can_register_unit(user: Person, keeper: Organisation) -> Verdict:
    """The body that organises registers its units."""
    if keeper.code == ORGANISER and _at(user, keeper.pk):
        return ALLOWED
    return refuse("区域评估单元由开发区管委会登记，请联系该单位。")


def can_keep_unit(user: Person, unit: RegionalUnit) -> Verdict:
    """The keeper of a unit changes its boundary and plans its results."""
    if _at(user, unit.keeper_id):
        return ALLOWED
    return refuse(f"区域由{unit.keeper.label}管理，您的单位不办理。")


def can_move_result(user: Person, result: RegionalResult) -> Verdict:
    """The keeper has a result made, hands it in and publishes it."""
    if not _at(user, result.unit.keeper_id):
        return refuse(f"成果由{result.unit.keeper.label}组织编制和公布。")
    if result.state in (ResultState.PROPOSED, ResultState.COMPILING, ResultState.APPROVED):
        return ALLOWED
    return refuse(f"{result.name}现在是“{result.get_state_display()}”，不由管理单位办理下一步。")


def can_judge_result(user: Person, result: RegionalResult) -> Verdict:
    """The chief of the department approves a result or gives it back."""
    if not _at(user, result.approver_id, Role.CHIEF):
        return refuse(f"成果由{result.approver.label}首席代表批准。")
    if result.state == ResultState.REVIEWING:
        return ALLOWED
    return refuse(f"{result.name}现在是“{result.get_state_display()}”，不在评审。")


def can_revoke_result(user: Person, result: RegionalResult) -> Verdict:
    """The department that approved a result, or the keeper, takes it back after a disaster or a change of the plan."""
    if not (_at(user, result.approver_id, Role.CHIEF) or _at(user, result.unit.keeper_id, Role.CHIEF)):
        return refuse(f"成果由{result.approver.label}或{result.unit.keeper.label}的首席代表撤销。")
    if result.state in (ResultState.APPROVED, *RESULT_LIVE):
        return ALLOWED
    return refuse(f"{result.name}现在是“{result.get_state_display()}”，不需要撤销。")


def can_renew_result(user: Person, result: RegionalResult) -> Verdict:
    """The keeper begins the renewal of a result that holds or has run out."""
    if not _at(user, result.unit.keeper_id):
        return refuse(f"更新由{result.unit.keeper.label}发起。")
    if result.state in RESULT_COMING:
        return refuse(f"{result.name}还没有成果，不需要更新。")
    return ALLOWED


def can_set_parcel(user: Person, project: Project) -> Verdict:
    """The owner, its agent, the window, or the organising body says where a project lies."""
    if not (is_owner(user, project) or is_window(user, project) or is_agent(user, project) or is_organiser(user)):
        return refuse("项目位置由建设单位、项目的代办人员、窗口或开发区管委会登记。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不登记位置。")
    return ALLOWED


# Land list -----------------------------------------------------------------------------------------------------------


def can_keep_land(user: Person, land: LandList | StandardLand) -> Verdict:
    """The organising body keeps its lists and its standard land."""
    if _at(user, land.keeper_id):
        return ALLOWED
    return refuse(f"由{land.keeper.label}办理，您的单位不办理。")


def can_sign_item(user: Person, item: LandListItem) -> Verdict:
    """The department asked fills in and signs its line, until the list is complete."""
    if not _at(user, item.department_id):
        return refuse(f"{quoted(item.name)}由{item.department.label}填报签认。")
    if item.land_list.state != LandListState.COLLECTING:
        return refuse("清单已汇齐，不能再改；清单之外的要求按“清单外”报中心审批。")
    return ALLOWED


def can_hand_over(user: Person, land: LandList) -> Verdict:
    """The keeper hands a complete list over with the land."""
    if not (verdict := can_keep_land(user, land)):
        return verdict
    if land.state == LandListState.READY:
        return ALLOWED
    words = "部门尚未全部签认，汇齐后才能交付。" if land.state == LandListState.COLLECTING else "清单已经交付。"
    return refuse(words)


def can_receive_list(user: Person, land: LandList) -> Verdict:
    """The owner signs for the list."""
    if land.project is None or not is_owner(user, land.project):
        return refuse("用地清单由建设单位签收。")
    if land.state == LandListState.HANDED:
        return ALLOWED
    return refuse(f"清单现在是“{land.get_state_display()}”，不需要签收。")


# Standard land -------------------------------------------------------------------------------------------------------


def can_move_standard(user: Person, land: StandardLand) -> Verdict:
    """The keeper brings standard land from the pool to its owner, and notes the beginning of works."""
    if not (verdict := can_keep_land(user, land)):
        return verdict
    if land.state in (StandardState.PROPOSED, StandardState.QUALIFIED, StandardState.LISTED, StandardState.COMMITTED):
        return ALLOWED
    return refuse(f"{land.name}现在是“{land.get_state_display()}”，不由管理单位办理下一步。")


def can_commit_standard(user: Person, land: StandardLand) -> Verdict:
    """The responsible person of the owner signs the indicators."""
    if land.project is None or not _at(user, land.project.owner_id, Role.OWNER_LEAD):
        return refuse("标准地承诺书由建设单位负责人签订。")
    if land.state == StandardState.SOLD:
        return ALLOWED
    return refuse(f"{land.name}现在是“{land.get_state_display()}”，不需要签订承诺书。")


def can_call_check(user: Person, land: StandardLand) -> Verdict:
    """The owner or the keeper calls for the check, also before its day."""
    if not (_at(user, land.keeper_id) or (land.project is not None and is_owner(user, land.project))):
        return refuse(f"核查由建设单位申请或由{land.keeper.label}发起。")
    if land.state in (StandardState.BUILDING, StandardState.RECTIFYING):
        return ALLOWED
    return refuse(f"{land.name}现在是“{land.get_state_display()}”，不能申请核查。")


def can_check_standard(user: Person, land: StandardLand) -> Verdict:
    """The keeper checks the indicators at production."""
    if not (verdict := can_keep_land(user, land)):
        return verdict
    if land.state == StandardState.CHECKING:
        return ALLOWED
    return refuse(f"{land.name}现在是“{land.get_state_display()}”，不在达产核查。")


# One book ------------------------------------------------------------------------------------------------------------


def can_open_book(user: Person, project: Project) -> Verdict:
    """The window takes a combined report in."""
    if not is_window(user, project):
        return refuse(f"一本多篇由{project.centre.label}窗口统一受理。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不能受理。")
    return ALLOWED


def _book_in(book: OneBook, *states: str, verb: str) -> Verdict:
    if book.state in states:
        return ALLOWED
    return refuse(f"一本多篇现在是“{book.get_state_display()}”，不能{verb}。")


def can_run_book(user: Person, book: OneBook) -> Verdict:
    """The window runs a combined report: says what is needed, writes the conclusion, hands it over."""
    if not is_window(user, book.project):
        return refuse(f"一本多篇由{book.project.centre.label}窗口办理。")
    return _book_in(book, BookState.INTAKE, BookState.APPROVING, BookState.DELIVERING, verb="办理下一步")


def can_write_book(user: Person, book: OneBook) -> Verdict:
    """The owner, its agent or the window enters chapter 0 and the chapters."""
    if not (is_owner(user, book.project) or is_agent(user, book.project) or is_window(user, book.project)):
        return refuse("报告由建设单位、项目的代办人员或窗口录入。")
    return _book_in(book, BookState.INTAKE, BookState.COMPILING, BookState.REVIEWING, verb="修改")


def can_write_chapter(user: Person, chapter: BookChapter) -> Verdict:
    """Whoever may write the book hands in a chapter that is with its compiler."""
    if not (verdict := can_write_book(user, chapter.book)):
        return verdict
    if chapter.book.state == BookState.INTAKE:
        return refuse("窗口统一受理后才能提交篇章。")
    if chapter.state in CHAPTER_WITH_COMPILER:
        return ALLOWED
    return refuse(f"{quoted(chapter.title)}现在是“{chapter.get_state_display()}”，不能修改。")


def can_judge_chapter(user: Person, chapter: BookChapter) -> Verdict:
    """The department of a chapter gives its opinion."""
    if not _at(user, chapter.reviewer_id):
        return refuse(f"{quoted(chapter.title)}由{chapter.reviewer.label}评审。")
    if chapter.state != ChapterState.SUBMITTED:
        return refuse(f"{quoted(chapter.title)}现在是“{chapter.get_state_display()}”，不能评审。")
    return ALLOWED


def can_approve_chapter(user: Person, chapter: BookChapter) -> Verdict:
    """The chief of the department approves its chapter, after all have passed."""
    if not _at(user, chapter.reviewer_id, Role.CHIEF):
        return refuse(f"{quoted(chapter.title)}由{chapter.reviewer.label}首席代表审批。")
    if chapter.book.state != BookState.APPROVING:
        return refuse("全部篇章评审通过后同步审批。")
    if chapter.state != ChapterState.PASSED:
        return refuse(f"{quoted(chapter.title)}现在是“{chapter.get_state_display()}”，不能审批。")
    return ALLOWED


def can_sign_book(user: Person, book: OneBook) -> Verdict:
    """The responsible person of the owner signs the commitment clauses and for the conclusion."""
    if not _at(user, book.project.owner_id, Role.OWNER_LEAD):
        return refuse("评审意见和承诺条款由建设单位负责人签收签署。")
    return _book_in(book, BookState.DELIVERING, verb="签收")


def can_check_clause(user: Person, clause: BookClause) -> Verdict:
    """The department of the chapter, or the window, checks a clause that was signed."""
    if not (_at(user, clause.chapter.reviewer_id) or is_window(user, clause.book.project)):
        return refuse(f"承诺条款由{clause.chapter.reviewer.label}或窗口核查。")
    if clause.issue is None:
        return refuse("承诺条款签署后才核查。")
    return ALLOWED
