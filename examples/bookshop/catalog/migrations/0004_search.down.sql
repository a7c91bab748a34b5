DROP TRIGGER book_text_update;
DROP TRIGGER book_text_delete;
DROP TRIGGER book_text_insert;
DROP TABLE book_text;
