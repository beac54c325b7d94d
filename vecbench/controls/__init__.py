"""What a model's answers and confidences owe to the image: a run held against its controls."""
