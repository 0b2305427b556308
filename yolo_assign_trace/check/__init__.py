"""Is somebody's own assigner equal to a generation of the original, and if not, where first?"""
