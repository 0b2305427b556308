"""The algorithm: stages, what they stand on, the named assigners, what users may put in place of a stage."""
