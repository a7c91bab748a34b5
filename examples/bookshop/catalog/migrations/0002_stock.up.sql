CREATE TABLE stock (
    isbn    TEXT PRIMARY KEY REFERENCES book (isbn) ON DELETE CASCADE,
    on_hand INTEGER NOT NULL DEFAULT 0 CHECK (on_hand >= 0)
) STRICT;

CREATE TABLE stock_movement (
    id     INTEGER PRIMARY KEY,
    isbn   TEXT NOT NULL REFERENCES book (isbn) ON DELETE CASCADE,
    change INTEGER NOT NULL CHECK (change <> 0),
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX stock_movement_isbn ON stock_movement (isbn);

INSERT INTO stock (isbn) SELECT isbn FROM book;

CREATE TRIGGER book_has_stock AFTER INSERT ON book BEGIN
    INSERT INTO stock (isbn) VALUES (new.isbn);
END;

CREATE TRIGGER stock_movement_applies AFTER INSERT ON stock_movement BEGIN
    UPDATE stock SET on_hand = on_hand + new.change WHERE isbn = new.isbn;
END;
