"""Answers that are sent again for as long as what they rest on is as it was.

docs/adr/0005-lists.md says why. A selector that can name its facts does so with `facts.rests_on`; a
view whose answer follows from such facts and the request alone says so with `facts.are_all`.
"""
