"""The composition's tests stand on the kernel's people and projects."""

from tests.projects.conftest import bodies, make_project, people, project

__all__ = ["bodies", "make_project", "people", "project"]
