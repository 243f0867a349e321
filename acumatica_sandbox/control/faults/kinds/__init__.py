"""The kinds of faults: a module here adds those that it defines, and needs to be named nowhere."""
