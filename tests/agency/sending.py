"""What goes out: the rows of the messages, and time that passes with the job running."""

from agency.models import Dispatch
from agency.tasks import send_messages


def states():
    """State, tries and last words of every row."""
    return list(Dispatch.objects.order_by("pk").values_list("state", "attempts", "error"))


def go_on(clock, minutes, *codes):
    """Let time pass, ten minutes at a time, with the job every time."""
    for _ in range(0, minutes, 10):
        clock.by(minutes=10)
        send_messages()
    return states()
