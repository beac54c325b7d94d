"""What is derived from a run's responses and written into its directory: tables, summary, figures."""
