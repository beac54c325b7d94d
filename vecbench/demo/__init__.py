"""The demo benchmark and its small model: how both were made.

Nothing here is needed to evaluate a model. `packages`, `labels`, `selection`, `notice` and `dataset`
rebuild the demo tasks' data from published emoji packages. `training` rebuilds the bundled model
`vecbench-nano` from the training half of those emoji, in the stages of `curriculum`; `card` measures it
and writes its card.
"""
