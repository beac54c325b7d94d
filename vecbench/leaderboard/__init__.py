"""Leaderboards: submissions that are checked, entries that are published, tables and a page made of them."""
