"""The HTTP side of Switchyard.

A map, lower layers first; a module imports only from lower ones:

words       settings, errors, headers, identity, tokens, admin_key (the one of the settings), origin, connection (of a
            request), addresses (where requests come from), templates (of paths), traffic (what was answered), keys (of
            Redis), metrics/ (what Prometheus is shown)
protocol    what connections do beyond uvicorn's: outbox (the answers of a turn together) and whole_answers (head and
            body in one), answering (by both), patience (with clients), lingering (at their end)
stores      stores/: users, API keys, sessions, attempts to log in, limits and what is counted of requests
accounts    auth: who asks; passwords, attempts, login: how one comes in; accounts: users and their keys
limits      live_limits (what is in force), rate_limits (what is decided by it), recorder (what stores the counts)
state       state (what a request's code is handed); schemas/: what bodies and answers look like
endpoints   problems (errors as documents), sse (events as text), middleware/, follower (what who follows jobs is sent)
            and totals (when he is told of a batch as a whole), api/ (a file a resource), docs/ (the page and its parts)
pages       dashboard/: what people look at, made of what the endpoints answer
routes      routes (the literal table), draining, lifespan
root        application; main: puts a web process together; migrate, __main__: the release command;
            openapi/: the document of the API
outside     client/: who asks the API from a program; cli/: the command that does so for people. They know nothing of
            the rest, and nothing of the rest knows them
"""

__version__ = "0.1.0"
