"""A run as a dataset of the Hugging Face Hub: its files, its card, and what sends them."""
