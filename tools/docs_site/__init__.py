"""What turns docs/ into a site, beside mkdocs.yml: `make docs`."""
