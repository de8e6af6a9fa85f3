"""What the joint acceptance does about events of cases."""

from __future__ import annotations

from acceptance.services.filing import follow_record
from projects import outbox

outbox.subscribe("acceptance.record", {"case.decided"}, lambda event: follow_record(int(event.subject_key)))
