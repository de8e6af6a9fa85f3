"""What belongs to the request that is running, readable by services without handing a request down."""

from contextvars import ContextVar

#: Identifier of the running request, a task or a command; empty outside of all three.
request_id: ContextVar[str] = ContextVar("request_id", default="")
