"""The looks of each page's charts and tables, one module per stage (`regulars.report.layout`)."""
