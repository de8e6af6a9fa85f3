"""Recomputes frozen bulletins from the event log, digests their snapshots anew, and compares."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agency.bulletin_proof import prove
from agency.models import Bulletin


class Command(BaseCommand):
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
                raise CommandError(f"no frozen bulletin has the key {min(missing)}")
        failed = 0
        for bulletin in found.iterator(20):
            proof = prove(bulletin)
            failed += not proof.holds
            self.stdout.write(f"{'PASS' if proof.holds else 'FAIL'} {bulletin.pk} {bulletin} {bulletin.snapshot_hash}")
            if not proof.is_untouched:
                self.stderr.write("  the snapshot does not give its hash")
            if proof.broken_link:
                self.stderr.write(f"  the chain of events is broken: {proof.broken_link}")
            for check in proof.checks:
                if not check.holds:
                    self.stderr.write(
                        f"  {check.name}: frozen {check.frozen}, recounted {check.again}; only frozen "
                        f"{list(check.only_frozen[:10])}, only recounted {list(check.only_again[:10])}"
                    )
        if failed:
            raise CommandError(f"{failed} bulletins do not hold")
