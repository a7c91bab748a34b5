DROP TABLE book;
DROP TABLE author;
DROP TABLE publisher;
