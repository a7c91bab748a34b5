CREATE TABLE customer_order (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer,
    placed_on   TEXT NOT NULL CHECK (placed_on = date(placed_on)),
    status      TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'shipped', 'cancelled'))
) STRICT;

CREATE INDEX customer_order_customer ON customer_order (customer_id);

CREATE TABLE order_line (
    order_id   INTEGER NOT NULL REFERENCES customer_order ON DELETE CASCADE,
    isbn       TEXT NOT NULL REFERENCES book (isbn),
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    unit_price INTEGER NOT NULL CHECK (unit_price > 0),
    PRIMARY KEY (order_id, isbn)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_line_isbn ON order_line (isbn);
