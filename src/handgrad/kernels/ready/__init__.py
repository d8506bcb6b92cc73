"""The functions of the catalogue over arrays, ready to be called: each is made from its entry when it is first asked for."""
