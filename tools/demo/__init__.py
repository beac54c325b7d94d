"""The demo benchmark and its small model: how both were made.

`packages`, `labels`, `selection`, `notice` and `dataset` rebuild the demo tasks' data from published emoji
packages. `training` rebuilds the bundled model `vecbench-nano` from the training half of those emoji, in the
stages of `curriculum`; `card` measures it and writes its card. All run in the root of a checkout.
"""
