"""The composition's tests stand on the kernel's people and projects."""

from tests.projects.conftest import bodies, kept_bodies, kept_people, make_project, people, project

__all__ = ["bodies", "kept_bodies", "kept_people", "make_project", "people", "project"]
