"""Spend, orders and customers by any of their attributes: drilled, rotated, sliced, and small cells never told.

A notebook has it from its dataset::

    cube = shop.cube("segment", "year", ["spend", "customers"])   # shows itself, with margins
    cube.drill("year")              # quarters in place of years
    cube.slice(region="Wales")      # computed anew: a customer counts once, wherever summed
    cube.rotate()                   # rows and columns change places
    cube.cells                      # the same as a frame, one row per cell, margins among them

``gather`` makes `Facts` of clean tables; ``aggregate`` computes cells of every level at once, where the rows lie;
``Cube`` lays them out. Sums equal the ledger to the cent; what counts people is counted anew at each level.
"""

from regulars.lazy import exports

_HOMES = {
    "aggregating": ("aggregate", "measures_of"),
    "facts": ("Facts", "gather"),
    "laid_out": ("Cube",),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
