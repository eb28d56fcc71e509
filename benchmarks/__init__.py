"""Comparisons with what a user would take instead; scripts that measure, not tests."""
