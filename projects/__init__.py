"""The kernel: people, projects, calendar, clocks, events."""
