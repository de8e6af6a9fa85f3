"""Migrations of acceptance."""
