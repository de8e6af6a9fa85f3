"""Migrations of agency."""
