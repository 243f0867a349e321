"""Expressions of `$filter` and `$orderby`: one grammar and one way to evaluate them.

The contract REST API speaks OData 3 in its own way, the OData services speak versions 3 and 4. What
a dialect knows of the grammar, and what it makes of an expression, is said where it is served:
in `rest/filters.py` and `odata/filters.py`.
"""
