"""`vecbench report`: the samples of a run, with their images and responses, as a page that opens from disk.

`data` finds what was asked, `responses` what was said, `rows` makes columns of it, `overview` tables of the
scores, `thumbnails` small images, and `site` writes it all; `page/` is what shows it.
"""
