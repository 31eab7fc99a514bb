"""Users, API keys, logging in and out."""

from app.api import auth, users
from app.openapi.operation import SET_COOKIE, Answer, Operation, Operations
from app.problems import BUSY, CONFLICT, FORBIDDEN, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE
from app.schemas.accounts import KeyBody, LoginBody, PasswordBody, UserBody, UserChangeBody, UsersQuery
from app.schemas.shapes.accounts import (
    KeyList,
    KeyView,
    LoggedInView,
    LoggedOutView,
    MeView,
    NewKeyView,
    UserList,
    UserView,
)

ACCOUNTS: Operations = {
    auth.log_in: Operation(
        summary="Log in",
        description="By username and password. The session's token goes into a cookie too, which counts for changes "
        "only where a page of this host sends it. After five attempts under a name each further one has to wait, twice "
        "as long as the one before, a minute at most.",
        body=LoginBody,
        example={"username": "ann", "password": "correct horse battery"},
        answers={200: Answer(meaning="The session", shape=LoggedInView, headers=(SET_COOKIE,))},
        problems=(UNAUTHENTICATED, RATE_LIMITED, BUSY, UNAVAILABLE),
    ),
    auth.log_out: Operation(
        summary="Log out",
        description="Ends the session whose token or cookie is sent.",
        answers={200: Answer(meaning="It has ended", shape=LoggedOutView, headers=(SET_COOKIE,))},
        problems=(CONFLICT,),
    ),
    auth.show_me: Operation(
        summary="Say who asks",
        answers={200: Answer(meaning="Whose key or session it is", shape=MeView)},
    ),
    auth.change_password: Operation(
        summary="Change one's own password",
        description="All one's sessions end, API keys hold. A wrong present password counts as an attempt to log in.",
        body=PasswordBody,
        example={"current": "correct horse battery", "new": "staple correct horse"},
        answers={200: Answer(meaning="It is changed", shape=UserView)},
        problems=(CONFLICT, RATE_LIMITED, BUSY, UNAVAILABLE),
    ),
    auth.list_keys: Operation(
        summary="List one's own API keys",
        answers={200: Answer(meaning="All of them", shape=KeyList)},
    ),
    auth.create_key: Operation(
        summary="Make an API key",
        description="Two may be in force at once, so that one can follow the other. Its text is told here only.",
        body=KeyBody,
        example={"name": "nightly import", "expires_in_days": 90},
        answers={201: Answer(meaning="The key, with its text", shape=NewKeyView)},
        problems=(CONFLICT,),
    ),
    auth.revoke_key: Operation(
        summary="Revoke an API key",
        description="One's own; an administrator anybody's. Within 5 s it lets nobody in any more.",
        answers={200: Answer(meaning="The key as it was", shape=KeyView)},
    ),
    users.list_users: Operation(
        summary="List the users",
        description="For administrators.",
        query=UsersQuery,
        answers={200: Answer(meaning="A page, newest first", shape=UserList)},
        problems=(FORBIDDEN,),
    ),
    users.create_user: Operation(
        summary="Make a user",
        description="For administrators.",
        body=UserBody,
        example={"username": "ann", "password": "correct horse battery", "role": "normal"},
        answers={201: Answer(meaning="The user", shape=UserView)},
        problems=(FORBIDDEN, CONFLICT, BUSY),
    ),
    users.change_user: Operation(
        summary="Change a user",
        description="Role, password, or whether he may come in at all. For administrators; nobody locks out himself.",
        body=UserChangeBody,
        example={"role": "premium"},
        answers={200: Answer(meaning="The user as he is now", shape=UserView)},
        problems=(FORBIDDEN, CONFLICT, BUSY),
    ),
}
