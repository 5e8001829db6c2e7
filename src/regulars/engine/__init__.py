"""Where orders are counted: DuckDB in this process, or Spark; and the patience with both."""
