"""The only places of the agency desk, the reminders and the bulletins that write."""
