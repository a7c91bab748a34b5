CREATE VIRTUAL TABLE book_text USING fts5 (title, author, tokenize = 'unicode61 remove_diacritics 2');

INSERT INTO book_text (rowid, title, author)
SELECT book.id, book.title, author.name FROM book JOIN author ON author.id = book.author_id;

CREATE TRIGGER book_text_insert AFTER INSERT ON book BEGIN
    INSERT INTO book_text (rowid, title, author)
    SELECT new.id, new.title, name FROM author WHERE id = new.author_id;
END;

CREATE TRIGGER book_text_delete AFTER DELETE ON book BEGIN
    DELETE FROM book_text WHERE rowid = old.id;
END;

CREATE TRIGGER book_text_update AFTER UPDATE OF title ON book BEGIN
    UPDATE book_text SET title = new.title WHERE rowid = new.id;
END;
