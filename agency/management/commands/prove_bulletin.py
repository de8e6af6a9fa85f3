"""Recomputes frozen bulletins from the event log, digests their snapshots anew, and compares."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from agency.bulletin_proof import prove
from agency.models import Bulletin
from projects.commands import OperatorCommand


class Command(OperatorCommand):
    """`manage.py prove_bulletin [KEY ...]`: all frozen ones without keys; exit code 1 when one does not hold."""

    help = "Recount frozen bulletins from the event log and compare the hash of their snapshots."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the keys of bulletins."""
        parser.add_argument("keys", nargs="*", type=int, metavar="KEY", help="the number in the bulletin's address")

    def handle(self, *_: Any, **options: Any) -> None:
        """Prove each, print what differs, and fail when something does."""
        found = Bulletin.objects.exclude(snapshot_hash="").select_related("centre", "region").order_by("pk")
        if options["keys"]:
            found = found.filter(pk__in=options["keys"])
            missing = set(options["keys"]) - set(found.values_list("pk", flat=True))
            if missing:
                key = min(missing)
                raise CommandError(f"没有编号为 {key} 的已冻结通报 / no frozen bulletin has the key {key}")
        failed = 0
        for bulletin in found.iterator(20):
            proof = prove(bulletin)
            failed += not proof.holds
            self.stdout.write(f"{'PASS' if proof.holds else 'FAIL'} {bulletin.pk} {bulletin} {bulletin.snapshot_hash}")
            if not proof.is_untouched:
                self.stderr.write("  快照与散列值不符 / the snapshot does not give its hash")
            if proof.broken_link:
                self.stderr.write(f"  事件链断开 / the chain of events is broken: {proof.broken_link}")
            for check in proof.checks:
                if not check.holds:
                    self.stderr.write(
                        f"  {check.name}：冻结 / frozen {check.frozen}，重算 / recounted {check.again}；"
                        f"只在冻结 / only frozen {list(check.only_frozen[:10])}，"
                        f"只在重算 / only recounted {list(check.only_again[:10])}"
                    )
        if failed:
            raise CommandError(f"{failed} 期通报核对不符 / {failed} bulletins do not hold")
