"""From a file's bytes to pieces that can be embedded, in a process that bounds what it may take."""
