"""The commands, a file for each kind of thing. `app.cli.root` has the table of them."""
