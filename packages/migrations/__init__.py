"""Migrations of packages."""
