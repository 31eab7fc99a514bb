"""The reading process of `sync_file`: `python -m jobs.tasks.data_sync.reader`.

It is a process of its own because it opens strangers' files: it has a memory limit, no secrets in its environment and
no connection to anything but two pipes, and it may crash without harm. It imports as little as it can.

    __main__    the life of the process, from the request to the last frame
    request     what it is asked, one line of JSON on stdin
    guard       its memory limit, and its end when its parent ends
    table       a file opened: headers and numbered rows, whatever the format
    csv_rows    ... from csv, decoded by csv_text
    xlsx_rows   ... from xlsx, checked by xlsx_package, with merged cells filled by merges
    copy_text   rows as lines of PostgreSQL's COPY text format
    frames      what it answers, length-prefixed frames on stdout
    report      what it says at the end
"""
