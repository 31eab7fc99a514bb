"""The dashboard: pages for people, at `/`. A page shows what endpoints of the API answer, and does nothing by itself.

A map, lower layers first:

words       assets (what pages load), compiled (templates as code), filters (times, spans and numbers as people
            read them), words (choices, reasons)
reading     read (asks an endpoint of the API, within the process), answers (what a browser gets, and what it may do)
login       login (the one page that everybody may see, its form, and the way out)
page        page (who may see one, what it reads)
pages       the literal table of all

What people do on a page its scripts (static/) send to the JSON API, with the cookie of the session; to log in and out
there are plain forms. What changes scripts are told by the API's server-sent events; then they ask for the page again,
and take over those parts of it that differ. Without scripts all pages can be read, and offer nothing that needs one.
"""
