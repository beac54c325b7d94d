"""The page of a leaderboard: one HTML file that loads nothing."""

from vecbench.leaderboard.page.page import html_page

__all__ = ["html_page"]
