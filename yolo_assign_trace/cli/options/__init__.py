"""Options: each declared once, with the groups that several commands take."""
