CREATE TABLE reservation (
    order_id INTEGER NOT NULL REFERENCES customer_order ON DELETE CASCADE,
    isbn     TEXT NOT NULL REFERENCES book (isbn),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, isbn)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservation_isbn ON reservation (isbn);

INSERT INTO reservation (order_id, isbn, quantity)
SELECT order_id, isbn, quantity
FROM order_line JOIN customer_order ON customer_order.id = order_id
WHERE status = 'open';
