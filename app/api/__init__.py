"""The endpoints, a file a resource: each parses, calls one use case, and shows what came of it."""
