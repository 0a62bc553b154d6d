"""What people see: the DuckDB warehouse, its loading agent, reports, the API and the pages."""
