"""The pages: of each its sections in order, how its charts and tables look, and beside it its wording.

A page is declared in ``<page>.py``, which says what of a stage's findings it shows and how; what it says lies in
``<page>.<language>.po``. `build` makes all of them from what the stages have told.
"""
