"""Made-up plain data of the style guide, by what it shows; nothing of it is read from a database."""
