"""Diagrams of scores: the numbers that are plotted, and how they are drawn."""
