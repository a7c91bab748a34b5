//! What is on the shelves: finding, pricing, restocking, importing.

use bookshop_testing::{Outcome, Shop, sample};
use catalog::book::{self, Book};
use catalog::{Cents, Error, Isbn, import, price, search, stock};
use name_manager::shared_resource;

#[shared_resource(pool = "shop")]
#[test]
fn the_sample_has_all_its_books(shop: Shop) -> Outcome {
    assert_eq!(book::count(&shop)?, sample::BOOKS);
    for index in 0..sample::BOOKS {
        assert_eq!(
            book::find(&shop, &sample::isbn(index))?.isbn,
            sample::isbn(index)
        );
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn copies_are_the_sum_of_their_movements(shop: Shop) -> Outcome {
    assert_eq!(stock::discrepancies(&shop)?, []);
    for index in (0..sample::BOOKS).step_by(5) {
        stock::restock(&shop, &sample::isbn(index), 3)?;
    }
    assert_eq!(stock::discrepancies(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn restocking_adds_to_what_is_there(shop: Shop) -> Outcome {
    let before = stock::total(&shop)?;
    for index in 0..100 {
        let isbn = sample::isbn(index);
        let there = stock::on_hand(&shop, &isbn)?;
        assert_eq!(stock::restock(&shop, &isbn, 5)?, there + 5);
    }
    assert_eq!(stock::total(&shop)?, before + 500);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn taking_the_last_copy_leaves_none(shop: Shop) -> Outcome {
    for index in 0..100 {
        let isbn = sample::isbn(index);
        let there = stock::restock(&shop, &isbn, 1)?;
        assert_eq!(stock::take(&shop, &isbn, there, "sale")?, 0);
        assert_eq!(stock::on_hand(&shop, &isbn)?, 0);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn more_than_there_is_cannot_be_taken(shop: Shop) -> Outcome {
    let before = stock::total(&shop)?;
    for index in 0..200 {
        let isbn = sample::isbn(index);
        let there = stock::on_hand(&shop, &isbn)?;
        match stock::take(&shop, &isbn, there + 1, "sale") {
            Err(Error::NotEnough { left, .. }) => assert_eq!(left, there),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stock::total(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn refilling_leaves_no_shelf_empty(shop: Shop) -> Outcome {
    let refilled = stock::refill(&shop, 10)?;
    assert!((1..sample::BOOKS).contains(&refilled), "{refilled}");
    for index in 0..sample::BOOKS {
        assert!(stock::on_hand(&shop, &sample::isbn(index))? >= 10);
    }
    assert_eq!(stock::refill(&shop, 10)?, 0);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_flood_empties_the_stockroom(shop: Shop) -> Outcome {
    shop.execute_batch("DELETE FROM stock_movement; UPDATE stock SET on_hand = 0;")?;
    assert_eq!(stock::total(&shop)?, 0);
    assert_eq!(stock::refill(&shop, 2)?, sample::BOOKS);
    assert_eq!(stock::total(&shop)?, 2 * sample::BOOKS as u64);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn every_old_price_is_remembered(shop: Shop) -> Outcome {
    for index in 0..50 {
        let isbn = sample::isbn(index);
        let first = book::find(&shop, &isbn)?.price;
        price::set(&shop, &isbn, first + Cents(100))?;
        price::set(&shop, &isbn, first + Cents(100))?; // no change, so not remembered
        price::set(&shop, &isbn, first + Cents(250))?;
        assert_eq!(price::history(&shop, &isbn)?, [first, first + Cents(100)]);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_rise_touches_only_one_publisher(shop: Shop) -> Outcome {
    let raised = book::find(&shop, &sample::isbn(0))?.publisher;
    let before = search::up_to_price(&shop, Cents(i64::MAX))?;
    let count = price::change_all(&shop, &raised, 10)?;
    assert_eq!(
        count,
        before
            .iter()
            .filter(|book| book.publisher == raised)
            .count()
    );
    for old in before {
        let expected = if old.publisher == raised {
            old.price.changed_by(10)
        } else {
            old.price
        };
        assert_eq!(
            book::find(&shop, &old.isbn)?.price,
            expected,
            "{}",
            old.title
        );
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_free_book_is_refused(shop: Shop) -> Outcome {
    let before = search::up_to_price(&shop, Cents(i64::MAX))?;
    for index in 0..100 {
        let free = price::set(&shop, &sample::isbn(index), Cents(0));
        assert!(matches!(free, Err(Error::Database(_))), "{free:?}");
    }
    assert_eq!(search::up_to_price(&shop, Cents(i64::MAX))?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn every_title_is_found_by_its_words(shop: Shop) -> Outcome {
    for index in (0..sample::BOOKS).step_by(25) {
        let book = book::find(&shop, &sample::isbn(index))?;
        let found = search::by_words(&shop, &format!("{} {}", book.author, book.title))?;
        assert!(found.contains(&book), "{}", book.title);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn accents_need_not_be_typed(shop: Shop) -> Outcome {
    let found = search::by_words(&shop, "bergstrom")?;
    assert!(!found.is_empty());
    assert!(found.iter().all(|book| book.author.ends_with("Bergström")));
    assert_eq!(search::by_words(&shop, "BERGSTRÖM")?, found);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn punctuation_is_no_search_syntax(shop: Shop) -> Outcome {
    for query in ["\"", "NOT", "a OR", "title:", "(", "*", "^", "-", "", " "] {
        search::by_words(&shop, query)?;
    }
    assert_eq!(search::by_words(&shop, "title:quiet")?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_removed_book_is_found_no_more(shop: Shop) -> Outcome {
    shop.execute_batch("DELETE FROM reservation; DELETE FROM order_line;")?;
    for index in 0..60 {
        let book = book::find(&shop, &sample::isbn(index))?;
        book::remove(&shop, &book.isbn)?;
        assert!(!search::by_words(&shop, &book.title)?.contains(&book));
    }
    assert_eq!(book::count(&shop)?, sample::BOOKS - 60);
    assert_eq!(stock::discrepancies(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn an_authors_books_come_oldest_first(shop: Shop) -> Outcome {
    let mut seen = 0;
    let authors = shop
        .prepare("SELECT name FROM author")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    for author in &authors {
        let books = search::by_author(&shop, author)?;
        assert!(books.is_sorted_by_key(|book| book.published));
        seen += books.len();
    }
    assert_eq!((authors.len(), seen), (sample::AUTHORS, sample::BOOKS));
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn an_imported_list_is_on_the_shelves(shop: Shop) -> Outcome {
    let total = stock::total(&shop)?;
    let list: String = (0..80)
        .map(|n| {
            format!(
                "{};Imported Title {n};New Author {};Old Mill Press;2026;19.90;4\n",
                isbn(n),
                n % 7
            )
        })
        .collect();
    assert_eq!(import::list(&shop, &format!("# wholesaler\n\n{list}"))?, 80);
    assert_eq!(book::count(&shop)?, sample::BOOKS + 80);
    assert_eq!(stock::total(&shop)?, total + 320);
    assert_eq!(search::by_words(&shop, "imported title")?.len(), 80);
    let expected = Book {
        isbn: isbn(9),
        title: "Imported Title 9".to_owned(),
        author: "New Author 2".to_owned(),
        publisher: "Old Mill Press".to_owned(),
        published: 2026,
        price: Cents(1990),
    };
    assert_eq!(book::find(&shop, &isbn(9))?, expected);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_list_with_one_bad_line_imports_nothing(shop: Shop) -> Outcome {
    let good: String = (0..40)
        .map(|n| format!("{};Title {n};Author;Press;2026;9.95;1\n", isbn(n)))
        .collect();
    let taken = format!("{};Title;Author;Press;2026;9.95;1", sample::isbn(3));
    for bad in [
        "only;three;fields",
        "9783161484101;T;A;P;2026;9.95;1",
        "x",
        &taken,
    ] {
        match import::list(&shop, &format!("{good}{bad}\n")) {
            Err(Error::BadLine { line: 41, .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(book::count(&shop)?, sample::BOOKS);
    }
    Ok(())
}

/// A number that no book of the sample has.
fn isbn(n: u32) -> Isbn {
    Isbn::from_serial(900_000_000 + n)
}
