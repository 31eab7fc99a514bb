"""The tasks that Switchyard ships with, a folder a domain. Only composition roots know this package."""
