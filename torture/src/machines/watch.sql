-- What the server does, as lines of a history, each with its time.
CREATE SCHEMA torture;
CREATE TABLE torture.seen (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    what text NOT NULL
);

CREATE FUNCTION torture.session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.dead AND (TG_OP = 'INSERT' OR NOT OLD.dead) THEN
        INSERT INTO torture.seen (what) VALUES ('buried session=' || replace(NEW.id::text, '-', ''));
    ELSE
        INSERT INTO torture.seen (what)
        VALUES ('beat session=' || replace(NEW.id::text, '-', '') || ' on=' || (NEW.who->>'host'));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER INSERT OR UPDATE ON name_manager.session
FOR EACH ROW EXECUTE FUNCTION torture.session();

CREATE FUNCTION torture.holds(doc text) RETURNS TABLE (name text, fence text, session text)
LANGUAGE sql AS $$
    SELECT h->>'name', h->>'fence', h->>'session' FROM jsonb_array_elements(doc::jsonb->'holds') h
    WHERE left(h->>'name', 1) <> '#'
$$;
CREATE FUNCTION torture.pool() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := '{"holds": []}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := OLD.doc;
    END IF;
    INSERT INTO torture.seen (what)
    SELECT 'freed name=' || name || ' fence=' || fence FROM
        (SELECT name, fence FROM torture.holds(was)
         EXCEPT SELECT name, fence FROM torture.holds(NEW.doc)) gone;
    INSERT INTO torture.seen (what)
    SELECT 'lent session=' || session || ' name=' || name || ' fence=' || fence FROM
        (SELECT * FROM torture.holds(NEW.doc) EXCEPT SELECT * FROM torture.holds(was)) come;
    RETURN NULL;
END $$;
CREATE TRIGGER torture AFTER INSERT OR UPDATE ON name_manager.pool
FOR EACH ROW EXECUTE FUNCTION torture.pool();
