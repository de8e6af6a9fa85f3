"""Background jobs of the archive: ids in, one service call, safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task

from archives import blobs
from archives.services import bundles, fixity, keeping, papers, public
from projects.jobs import job_run


@shared_task(name="archives.tasks.render_paper")
def render_paper(paper_id: int) -> bool:
    """Make the PDF of this paper, or of one that is needed more; what is made or being made is left alone."""
    return papers.render_next(paper_id)


@shared_task(name="archives.tasks.render_pending")
def render_pending() -> int:
    """Make the PDFs that a dead worker or a silent broker left behind; return how many were made."""
    blobs.clear_abandoned()
    if not papers.unrendered().exists():
        return 0
    with job_run("render_pending") as run:
        run.touched, run.errors = papers.render_pending()
        return run.touched


@shared_task(name="archives.tasks.refresh_public")
def refresh_public() -> int:
    """Compute anew the public pages that an event or a new day has overtaken; return how many."""
    return public.refresh_stale()


@shared_task(name="archives.tasks.take_in_pending")
def take_in_pending() -> int:
    """Read the words of what was filed and make its four checks; return how many files."""
    with job_run("take_in_pending") as run:
        run.touched, run.errors = keeping.take_in_pending()
        return run.touched


@shared_task(name="archives.tasks.nightly_fixity")
def nightly_fixity() -> int:
    """Compare a slice of everything in the store with its digests; return how many files were read."""
    with job_run("nightly_fixity") as run:
        walked = fixity.walk()
        run.touched, run.errors = walked.files, walked.damaged
        if walked.damaged:
            run.note = f"{walked.damaged} 个文件与归档时不一致"
        return walked.files


@shared_task(name="archives.tasks.make_bundle")
def make_bundle(bundle_id: int) -> bool:
    """Make one project volume or package; one that is gone, made, or being made is left alone."""
    return bundles.make(bundle_id)


@shared_task(name="archives.tasks.make_bundles")
def make_bundles() -> int:
    """Make the volumes and packages that a dead worker left behind; return how many."""
    if not bundles.unmade().exists():
        return 0
    with job_run("make_bundles") as run:
        run.touched = bundles.make_pending()
        return run.touched
