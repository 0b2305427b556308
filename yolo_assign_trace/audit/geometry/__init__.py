"""Where boxes lie in the network input, which centres lie in them, and how they lie to each other."""
