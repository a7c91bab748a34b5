CREATE TABLE invoice (
    number    INTEGER PRIMARY KEY,
    order_id  INTEGER NOT NULL UNIQUE REFERENCES customer_order,
    total     INTEGER NOT NULL CHECK (total > 0),
    issued_on TEXT NOT NULL CHECK (issued_on = date(issued_on))
) STRICT;
