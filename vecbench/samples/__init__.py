"""The samples of a task: images with their targets, from a folder of data."""

from vecbench.samples.folder import DataFolder
from vecbench.samples.sample import Sample

__all__ = ["DataFolder", "Sample"]
