"""What may be wrong with an installation, part by part. Each part answers in one Chinese sentence."""

import ctypes
import datetime as dt
import importlib.util
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Exists, OuterRef
from django.utils import timezone
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from agency.models import Dispatch
from agency.states import DispatchState
from packages.models import MatterVersion, Package, PackageVersion, ReviewTask
from packages.states import TASK_OPEN
from projects import workdays
from projects.models import JobRun, Membership, Organisation, Outbox
from projects.states import ADMIN_ROLES, FIRMS, OrganisationKind

#: A sweep runs every ten minutes; after this many without one the worker or beat is taken for dead.
SILENT_MINUTES = 15
NEXT_NOTICE_MONTH = 12  # the next year's calendar is published in autumn
#: They work elsewhere: nobody of them is looked for here.
ELSEWHERE = FIRMS | {OrganisationKind.HIGHER}
#: So many departments are named.
NAMED = 6
PDF_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0", "libfontconfig.so.1")


class Level(StrEnum):
    """How bad it is."""

    OK = "正常"
    WARNING = "注意"
    FAULT = "故障"


@dataclass(frozen=True)
class Finding:
    """The answer of one part."""

    part: str
    level: Level
    message: str


def database() -> tuple[Level, str]:
    """Say whether the database answers and is one we know."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
            version = cursor.fetchone()[0]
    except DatabaseError as error:
        return Level.FAULT, f"数据库没有应答：{str(error).strip()}。请检查 DATABASE_URL 和数据库服务。"
    if connection.vendor == "sqlite":
        return Level.OK, f"SQLite {version}（内置方式，适合单机试用）"
    return Level.OK, f"PostgreSQL {version}"


def migrations() -> tuple[Level, str]:
    """Say whether the tables are those of this version."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Level.FAULT, f"还有 {len(plan)} 个迁移没有执行，请运行 manage.py migrate。"
    return Level.OK, "数据表与程序版本一致"


def queue() -> tuple[Level, str]:
    """Say whether the broker takes jobs."""
    if not settings.REDIS_URL:
        folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])
        probe = folder.parent / f".probe-{uuid.uuid4().hex}"
        try:
            probe.touch()
            probe.unlink()
        except OSError as error:
            return Level.FAULT, f"队列目录 {folder} 不能写入：{error.strerror}。"
        return Level.OK, f"文件队列，待取任务 {len(list(folder.iterdir()))} 个"
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "max_retries": 0}
    try:
        with Connection(settings.REDIS_URL, connect_timeout=2, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, OSError) as error:
        return Level.FAULT, f"消息队列没有应答：{error}。操作照常保存，任务在恢复后补做；请检查 REDIS_URL 和 Redis。"
    return Level.OK, "Redis 队列可用"


def heartbeat() -> tuple[Level, str]:
    """Say when a job last ran: a dead worker or scheduler is seen here."""
    last = JobRun.objects.order_by("-started_at").first()
    if last is None:
        return Level.WARNING, "还没有后台任务运行记录。刚启动时请等十分钟，否则请检查 worker 和 beat。"
    minutes = int((timezone.now() - last.started_at).total_seconds() // 60)
    if minutes > SILENT_MINUTES:
        return Level.FAULT, f"后台任务已 {minutes} 分钟没有运行（最后一次 {last.job}），请重启 worker 和 beat。"
    return Level.OK, f"{last.job} 于 {minutes} 分钟前运行"


def outbox() -> tuple[Level, str]:
    """Say whether announcements of events pile up."""
    before = timezone.now() - dt.timedelta(minutes=SILENT_MINUTES)
    late = Outbox.objects.filter(done_at=None, event__recorded_at__lt=before).count()
    if late:
        return Level.FAULT, f"有 {late} 条事件超过 {SILENT_MINUTES} 分钟没有送达，请检查 worker 的日志。"
    return Level.OK, "没有积压"


def messages() -> tuple[Level, str]:
    """Say whether messages pile up on their way out, or did not arrive."""
    before = timezone.now() - dt.timedelta(minutes=SILENT_MINUTES)
    late = Dispatch.objects.filter(state=DispatchState.WAITING, next_at__lt=before).count()
    if late:
        return Level.FAULT, f"有 {late} 条消息过了发送时间还没有发出，请检查 worker 的日志。"
    failed = Dispatch.objects.failed().count()
    if failed:
        return Level.WARNING, f"有 {failed} 条消息未送达或未确认，请系统管理员在“消息投递”里处理。"
    return Level.OK, "没有积压"


def fonts() -> tuple[Level, str]:
    """Say whether papers can be printed in Chinese: glyphs without a font would be dropped silently."""
    missing = []
    for library in PDF_LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(library)
    if missing:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libfontconfig1"
        return Level.FAULT, f"缺少 {'、'.join(missing)}，不能生成 PDF。请运行 apt-get install {packages}。"
    spec = importlib.util.find_spec("pylopdf_fonts_zh_cn")
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = [path for folder in folders for kind in ("otf", "ttf", "ttc") for path in Path(folder).rglob(f"*.{kind}")]
    if not files:
        return Level.FAULT, "缺少中文字体，文书会丢字。请运行 pip install pylopdf-fonts-zh-cn。"
    return Level.OK, f"中文字体 {len(files)} 个"


def storage() -> tuple[Level, str]:
    """Say whether files can be kept and read again."""
    content = uuid.uuid4().bytes
    try:
        name = default_storage.save(f"doctor/{uuid.uuid4().hex}", ContentFile(content))
        with default_storage.open(name) as file:
            same = file.read() == content
        default_storage.delete(name)
    except OSError as error:
        return Level.FAULT, f"文件库不能读写：{error.strerror}。请检查 GAIGE_VAR 或 FILES_ROOT 的权限和空间。"
    if not same:
        return Level.FAULT, "文件库读回的内容与写入的不同，请检查磁盘。"
    return Level.OK, "文件库可读写"


def secrets() -> tuple[Level, str]:
    """Say whether the keys work and nobody else reads them."""
    try:
        keys = MultiFernet([Fernet(key.encode()) for key in settings.FIELD_KEYS])
        keys.decrypt(keys.encrypt(b"gaige"))
    except (ValueError, InvalidToken):
        return Level.FAULT, "FIELD_KEYS 不能加解密，请检查密钥。"
    folder = Path(settings.GAIGE_VAR) / "secrets"
    loose = [path.name for path in folder.glob("*") if path.stat().st_mode & 0o077]
    if loose:
        return Level.FAULT, f"{folder} 中的 {'、'.join(sorted(loose))} 其他用户也能读，请运行 chmod 600。"
    if settings.DEBUG:
        return Level.WARNING, "DEBUG 已打开，不得用于正式环境。"
    return Level.OK, f"字段密钥 {len(settings.FIELD_KEYS)} 把"


def calendar() -> tuple[Level, str]:
    """Say whether this year's and the next year's working days are published ones."""
    today = timezone.localdate()
    years = [year for year in (today.year, today.year + 1) if workdays.is_provisional(dt.date(year, 10, 1))]
    if today.year in years:
        return Level.FAULT, f"{today.year} 年的放假安排没有录入，期限暂按法定节假日推算。请在日历页录入国务院通知。"
    if years:
        level = Level.WARNING if today.month >= NEXT_NOTICE_MONTH else Level.OK
        return level, f"{today.year} 年已录入；{today.year + 1} 年暂按法定节假日推算，通知发布后请录入。"
    return Level.OK, f"{today.year} 年和 {today.year + 1} 年均已录入"


def catalogue() -> tuple[Level, str]:
    """Say whether every package has a published version."""
    packages = Package.objects.count()
    published = PackageVersion.objects.published().count()
    if not published:
        return Level.FAULT, "目录没有装入，请运行 manage.py load_catalog。"
    if published < packages:
        return Level.WARNING, f"{packages} 个套餐中有 {packages - published} 个没有已发布的版本。"
    return Level.OK, f"{published} 个套餐已发布"


def people() -> tuple[Level, str]:
    """Say which departments that lead a published matter, or are asked, have nobody: their work would wait unseen."""
    today = timezone.localdate()
    active = Membership.objects.filter(user__is_active=True, since__lte=today).exclude(until__lt=today)
    if not active.exclude(role__in=ADMIN_ROLES).exists():
        return Level.WARNING, "还没有人员。请运行 manage.py invite 邀请系统管理员，再由其登记各部门人员。"
    leads = MatterVersion.objects.published().filter(lead=OuterRef("pk"))
    asked = ReviewTask.objects.filter(organisation=OuterRef("pk"), state__in=TASK_OPEN)
    bodies = Organisation.objects.filter(Exists(leads) | Exists(asked)).exclude(kind__in=ELSEWHERE)
    empty = bodies.exclude(pk__in=active.values("organisation")).order_by("pk")
    names = [body.label for body in empty]
    if not names:
        return Level.OK, "各部门都有在岗人员"
    more = f"等 {len(names)} 个" if len(names) > NAMED else ""
    return Level.WARNING, (
        f"{'、'.join(names[:NAMED])}{more}没有在岗人员，送到那里的办件和意见没有人办。请系统管理员在“人员”里登记。"
    )


PARTS: dict[str, Callable[[], tuple[Level, str]]] = {
    "database": database,
    "migrations": migrations,
    "queue": queue,
    "heartbeat": heartbeat,
    "outbox": outbox,
    "messages": messages,
    "fonts": fonts,
    "storage": storage,
    "secrets": secrets,
    "calendar": calendar,
    "catalogue": catalogue,
    "people": people,
}


def examine(parts: list[str] | None = None) -> list[Finding]:
    """Examine the named parts, or all; what needs tables that are not there yet says so."""
    findings = []
    for name in parts or list(PARTS):
        try:
            level, message = PARTS[name]()
        except DatabaseError as error:
            level, message = (
                Level.FAULT,
                f"查询失败：{str(error).strip().splitlines()[0]}。请先看 database 和 migrations。",
            )
        findings.append(Finding(name, level, message))
    return findings
