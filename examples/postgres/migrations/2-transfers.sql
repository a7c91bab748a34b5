CREATE TABLE transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer text NOT NULL REFERENCES account (owner),
    payee text NOT NULL REFERENCES account (owner),
    amount bigint NOT NULL CHECK (amount > 0),
    CHECK (payer <> payee)
);

CREATE FUNCTION pay(payer text, payee text, amount bigint) RETURNS bigint
LANGUAGE sql AS $$
    UPDATE account SET balance = balance - pay.amount WHERE owner = pay.payer;
    UPDATE account SET balance = balance + pay.amount WHERE owner = pay.payee;
    INSERT INTO transfer (payer, payee, amount)
    VALUES (pay.payer, pay.payee, pay.amount) RETURNING id;
$$;
