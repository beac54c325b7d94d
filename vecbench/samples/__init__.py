"""The samples of a task: images with their targets, from a folder, a table or a dataset on the Hub."""

from vecbench.samples.sample import Sample
from vecbench.samples.source import DataSource, open_data

__all__ = ["DataSource", "Sample", "open_data"]
