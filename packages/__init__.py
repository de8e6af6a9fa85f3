"""Catalogue, plan, applications, joint review."""
