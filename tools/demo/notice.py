"""The NOTICE file of the demo's data: whose images these are, and where the labels come from."""

from __future__ import annotations

from tools.demo.labels import EMOTION_KEYWORDS
from tools.demo.packages import EMOJIBASE, EMOTION, FLUENT, NOTO, TWEMOJI

_MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""

_KEYWORDS = "\n".join(f"  {label}: {' '.join(sorted(words))}" for label, words in EMOTION_KEYWORDS.items())

NOTICE = f"""\
Data of the vecbench demo tasks
===============================

The images were drawn, and the ratings and keywords behind the labels written, by the people named
here and not by the vecbench maintainers. The licences that count are those of the images, not of the
packages that carry them. In a checkout of vecbench, `python -m tools.demo.dataset --packages DIR`
rebuilds this folder.

Images
------

images/noto
  Noto Emoji, copyright Google LLC and the Noto Emoji authors. https://github.com/googlefonts/noto-emoji
  Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0
  From the npm package {NOTO.specifier} (packaged by Cal Henderson, MIT), folder img/google/64.
  Changes: none to the files' contents; renamed (variation selector FE0F dropped from file names).

images/twemoji
  Twemoji, copyright 2014-2021 Twitter, Inc and other contributors, copyright jdecked and other contributors.
  https://github.com/jdecked/twemoji
  Graphics licensed under CC-BY 4.0, https://creativecommons.org/licenses/by/4.0/
  From the npm package {TWEMOJI.specifier} (packaged by Cal Henderson, MIT), folder img/twitter/64.
  Changes: none to the files' contents; renamed (variation selector FE0F dropped from file names).

images/fluent
  Fluent Emoji, 3D style, copyright Microsoft Corporation. https://github.com/microsoft/fluentui-emoji
  MIT License, below.
  From the npm package {FLUENT.specifier} (packaged by LobeHub, copyright 2023 LobeHub, MIT), folder assets.
  Changes: reduced to 64 by 64 pixels, stored as lossless WebP, renamed (FE0F dropped from file names).

Labels
------

Sentiment (emoji_2)
  {EMOTION.specifier}, copyright 2014 Titus Wormer, MIT License, below. https://github.com/words/emoji-emotion
  One person rated each emoji from -5 to 5 by its name. A rating above 0 is "positive", below 0 "negative";
  emoji rated 0 are left out.

Emotion (emoji_7, fluent_7)
  {EMOJIBASE.specifier}, copyright 2017-2019 Miles Johnson, MIT License, below. https://emojibase.dev
  Its English keywords are those of the Unicode Common Locale Data Repository, copyright Unicode, Inc.,
  Unicode License V3, https://www.unicode.org/license.txt

  The rule: every keyword of an emoji that is listed below under an emotion is one vote for that emotion. The
  emotion with the most votes is the label; on a tie the emoji is ambiguous and left out. An emoji outside the
  CLDR groups "Smileys & Emotion" and "People & Body" needs two votes. Skin tones and gender variants have the
  label of their base emoji.

{_KEYWORDS}

Further questions (emoji_statements, emoji_pairs, emoji_order, emoji_valence; questions.jsonl)
  They ask about the pictures without skin tone and gender; what is true follows from the labels and ratings
  above. A statement names the true emotion or sentiment for every second picture, in the order of a hash,
  and another one for the rest. A pair is of one artwork and of two emotions (which picture evokes the one?)
  or two sentiments (which is more positive?). Of four pictures of one artwork with four ratings the three
  most positive are to be named in their order. The valence is the rating itself, 0 included. What else is
  drawn is drawn by hash; tools/demo/questions.py is the rule to the letter.

The labels are what these sources and this rule say. Nobody was asked what they felt on seeing the images.

Split
-----

Emoji that both Noto and Twemoji draw are split by base emoji, for all tasks and artworks at once: two
of every five are for testing (this folder), the others for training the bundled model. fluent_7 has
test emoji only. No emoji has more than four images in one artwork here.

Copyright notices for the MIT License
-------------------------------------

Copyright (c) Microsoft Corporation (Fluent Emoji)
Copyright (c) 2023 LobeHub (@lobehub/fluent-emoji-3d)
Copyright (c) 2013 Cal Henderson (emoji-datasource-google, emoji-datasource-twitter)
Copyright (c) 2014 Titus Wormer (emoji-emotion)
Copyright (c) 2017-2019 Miles Johnson (emojibase-data)

{_MIT}"""
