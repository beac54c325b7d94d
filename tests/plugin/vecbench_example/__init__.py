"""A metric and an answer kind that vecbench finds through entry points."""
