"""What strangers and accidents do to vecbench, again and again: run by hand, told in docs/reliability.md."""
