"""The OpenAPI document: made from the types that validate and the shapes that answers have; no web process imports it.

operation, headers   what an operation says of itself, and the headers that it may name
operations/          what each endpoint says, one literal entry each, a file a resource as in app/api
schemas              from types to JSON Schemas
problems, links      the printed list of problem types, and answers that are problems; where other answers lead on to
inputs, answers      what operations take and answer
document             routes, operations and all of these put together
__main__             writes app/docs/openapi.json, which is committed and served
"""
