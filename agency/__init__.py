"""Agents, work orders, reminders, bulletins."""
