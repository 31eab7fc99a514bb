"""The child process of the tasks here: `python -m jobs.tasks.data_processing.worker`.

As the reading process of the data sync it opens strangers' files: it has a memory limit, no secrets in its environment,
no connection to anything but its three pipes, and may crash without harm. Images it writes into the media folder.

    request       what it is asked, one line of JSON on stdin
    __main__      the life of the process, from the request to the last frame; frames are those of the reading process
    extraction    pictures of a sheet, each matched to the SKU of its own row
    sheets        ... where the sheet's pictures are, whatever the format
    placed        ... one of them and its place
    drawings      ... over the cells of xlsx and xlsb, and what WPS keeps in cells
    rich_values   ... in cells, as Excel places them
    ods_frames    ... in an ods
    parts         ... the parts of a package that tell it
    picture       ... one picture as the two JPEGs that are kept
    profiling     every sheet of a workbook, in one pass
    sources       ... its sheets and rows, whatever the format
    columns       ... what the cells of a column have in common
"""
