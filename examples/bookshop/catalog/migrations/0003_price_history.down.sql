DROP TRIGGER book_price_changes;
DROP TABLE price_change;
