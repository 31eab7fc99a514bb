"""What answers look like, as types: the type checker holds views to them, and the OpenAPI document is made from them.

A docstring of a type is what the document says. Times are RFC 3339 in UTC.
"""
