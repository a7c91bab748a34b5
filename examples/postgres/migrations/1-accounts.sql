CREATE TABLE account (
    owner text PRIMARY KEY CHECK (owner <> ''),
    balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0)
);
