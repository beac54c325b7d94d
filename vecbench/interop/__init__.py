"""What other harnesses call, and what they wrote."""
