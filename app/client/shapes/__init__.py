"""What the API takes and answers, as types, each named after its shape in the OpenAPI document: Job for JobView.

Times are RFC 3339 in UTC, as text. A newer server may answer with more fields than are named here.
"""
