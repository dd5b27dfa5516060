"""What was spent: FOCUS and CUR exports as one table, their KPIs, and whose cost it was.

The only room that talks to a query engine; ibis and duckdb are imported when a bill is opened.
"""
