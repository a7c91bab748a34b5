CREATE TABLE price_change (
    id        INTEGER PRIMARY KEY,
    isbn      TEXT NOT NULL REFERENCES book (isbn) ON DELETE CASCADE,
    old_price INTEGER NOT NULL,
    new_price INTEGER NOT NULL
) STRICT;

CREATE INDEX price_change_isbn ON price_change (isbn);

CREATE TRIGGER book_price_changes AFTER UPDATE OF price ON book
WHEN old.price <> new.price BEGIN
    INSERT INTO price_change (isbn, old_price, new_price)
    VALUES (new.isbn, old.price, new.price);
END;
