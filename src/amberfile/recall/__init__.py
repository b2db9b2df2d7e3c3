"""Finding: text to terms, terms to a ranking. Pure functions without I/O."""
