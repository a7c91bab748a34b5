DROP TRIGGER stock_movement_applies;
DROP TRIGGER book_has_stock;
DROP TABLE stock_movement;
DROP TABLE stock;
