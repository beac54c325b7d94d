"""vecbench: accuracy and calibration of multimodal models on Visual Emotion Comprehension."""

__version__ = "0.1.0.dev0"
