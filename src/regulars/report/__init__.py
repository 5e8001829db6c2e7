"""How pages are made: wording, formats, charts, tables, and the file; of nothing but what they are handed."""
