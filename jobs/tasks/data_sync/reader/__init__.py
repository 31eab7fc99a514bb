"""The reading process of `sync_file`: `python -m jobs.tasks.data_sync.reader`.

It is a process of its own because it opens strangers' files: it has a memory limit, no secrets in its environment and
no connection to anything but its three pipes, and it may crash without harm. It imports as little as it can.

    child         the process as its parent sees it: started, read from, always ended
    request       what it is asked, one line of JSON on stdin
    __main__      the life of the process, from the request to the last frame
    work          the reading: the header gate, then every row once
    table         a file opened: headers and numbered rows, whatever the format
    csv_rows      ... from csv, decoded by csv_text
    html_rows     ... from the tables of an HTML page, its encoding told by html_text, parsed by
                  html_parse, cut into rows by html_grid
    book_rows     ... from a workbook (xlsx, xlsb, xls, ods), with what package and merges make of it, and what
                  error_cells, xlsb_records and ods_notes find in it (notes)
    sliced_rows   ... from an xlsx too large to be parsed as a whole: a cut_book of slices, after a sheet_survey
    sheets        which sheet of a workbook is read
    blame         who is to blame where a library fails
    copy_text     rows as lines of PostgreSQL's COPY text format
    frames        what it answers, length-prefixed frames on stdout
    report        what it says at the end
"""
