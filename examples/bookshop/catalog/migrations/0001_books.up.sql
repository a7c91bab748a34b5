CREATE TABLE publisher (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE author (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE book (
    id           INTEGER PRIMARY KEY,
    isbn         TEXT NOT NULL UNIQUE CHECK (length(isbn) = 13),
    title        TEXT NOT NULL CHECK (title <> ''),
    author_id    INTEGER NOT NULL REFERENCES author,
    publisher_id INTEGER NOT NULL REFERENCES publisher,
    published    INTEGER NOT NULL CHECK (published BETWEEN 1450 AND 2100),
    price        INTEGER NOT NULL CHECK (price > 0)
) STRICT;

CREATE INDEX book_author ON book (author_id);
CREATE INDEX book_publisher ON book (publisher_id);
