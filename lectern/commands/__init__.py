"""The commands of the command line, one a file, and the record by which `build` knows that there is nothing to do."""
