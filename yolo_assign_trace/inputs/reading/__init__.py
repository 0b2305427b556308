"""Whole files, with the file system's refusals put into words."""
