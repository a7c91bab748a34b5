//! The tables themselves: steps there and back, locks, maintenance.

use bookshop_testing::{Outcome, Shop, sample};
use catalog::{Error, MIGRATIONS, book, search, stock};
use name_manager::shared_resource;
use rusqlite::{Connection, ErrorCode};

#[shared_resource(pool = "shop")]
#[test]
fn all_steps_are_applied(shop: Shop) -> Outcome {
    assert_eq!(MIGRATIONS.current(&shop)?, MIGRATIONS.latest());
    assert_eq!(
        orders::MIGRATIONS.current(&shop)?,
        orders::MIGRATIONS.latest()
    );
    assert_eq!(tables(&shop)?, EVERY_TABLE);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn all_the_way_down_and_up_again_is_the_same_schema(shop: Shop) -> Outcome {
    let before = schema(&shop)?;
    orders::MIGRATIONS.migrate(&shop, 0)?;
    MIGRATIONS.migrate(&shop, 0)?;
    assert_eq!(tables(&shop)?, ["schema_step"]);
    MIGRATIONS.migrate(&shop, MIGRATIONS.latest())?;
    orders::MIGRATIONS.migrate(&shop, orders::MIGRATIONS.latest())?;
    assert_eq!(schema(&shop)?, before);
    assert_eq!(book::count(&shop)?, 0);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn every_step_can_be_taken_back(shop: Shop) -> Outcome {
    orders::MIGRATIONS.migrate(&shop, 0)?;
    for step in (1..=MIGRATIONS.latest()).rev() {
        let before = schema(&shop)?;
        MIGRATIONS.migrate(&shop, step - 1)?;
        MIGRATIONS.migrate(&shop, step)?;
        assert_eq!(schema(&shop)?, before, "step {step}");
        MIGRATIONS.migrate(&shop, step - 1)?;
        assert_eq!(MIGRATIONS.current(&shop)?, step - 1);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn the_stock_step_gives_old_books_a_shelf(shop: Shop) -> Outcome {
    MIGRATIONS.migrate(&shop, 1)?;
    assert_eq!(book::count(&shop)?, sample::BOOKS);
    MIGRATIONS.migrate(&shop, 2)?;
    assert_eq!(stock::total(&shop)?, 0);
    assert_eq!(stock::refill(&shop, 1)?, sample::BOOKS);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn the_search_step_finds_old_books(shop: Shop) -> Outcome {
    let before = search::by_words(&shop, "history")?;
    assert!(!before.is_empty());
    MIGRATIONS.migrate(&shop, 3)?;
    assert!(search::by_words(&shop, "history").is_err());
    MIGRATIONS.migrate(&shop, 4)?;
    assert_eq!(search::by_words(&shop, "history")?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn the_books_cannot_go_while_orders_need_them(shop: Shop) -> Outcome {
    let before = schema(&shop)?;
    assert!(MIGRATIONS.migrate(&shop, 0).is_err());
    assert_eq!(schema(&shop)?, before);
    assert_eq!(MIGRATIONS.current(&shop)?, MIGRATIONS.latest());
    assert_eq!(book::count(&shop)?, sample::BOOKS);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_step_that_is_not_there_is_refused(shop: Shop) -> Outcome {
    let before = schema(&shop)?;
    let refused = MIGRATIONS.migrate(&shop, 99);
    assert!(
        matches!(
            refused,
            Err(Error::NoSuchMigration {
                asked: 99,
                latest: 4
            })
        ),
        "{refused:?}"
    );
    assert_eq!(schema(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn stocktaking_shuts_everybody_out(shop: Shop) -> Outcome {
    let till = shop.another_till()?;
    shop.execute_batch("BEGIN EXCLUSIVE")?;
    for index in 0..100 {
        stock::restock(&shop, &sample::isbn(index), 1)?;
        assert!(is_busy(stock::on_hand(&till, &sample::isbn(index))));
    }
    shop.execute_batch("COMMIT")?;
    assert_eq!(stock::total(&till)?, stock::total(&shop)?);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn two_tills_cannot_write_at_once(shop: Shop) -> Outcome {
    let (till, isbn) = (shop.another_till()?, sample::isbn(0));
    let before = stock::on_hand(&shop, &isbn)?;
    for round in 1..=20 {
        shop.execute_batch("BEGIN IMMEDIATE")?;
        stock::restock(&shop, &isbn, 1)?;
        assert!(is_busy(stock::restock(&till, &isbn, 1)));
        assert_eq!(stock::on_hand(&till, &isbn)?, before + 2 * (round - 1));
        shop.execute_batch("COMMIT")?;
        assert_eq!(stock::restock(&till, &isbn, 1)?, before + 2 * round);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_migration_waits_for_no_reader(shop: Shop) -> Outcome {
    let till = shop.another_till()?;
    till.execute_batch("BEGIN")?;
    let seen = stock::total(&till)?;
    assert!(is_busy(MIGRATIONS.migrate(&shop, 3)));
    assert_eq!(stock::total(&till)?, seen);
    till.execute_batch("COMMIT")?;
    MIGRATIONS.migrate(&shop, 3)?;
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn vacuum_keeps_what_can_be_found(shop: Shop) -> Outcome {
    let before = search::by_words(&shop, "winter")?;
    assert!(!before.is_empty());
    shop.execute_batch("DELETE FROM price_change; DELETE FROM stock_movement; VACUUM;")?;
    assert_eq!(search::by_words(&shop, "winter")?, before);
    assert_eq!(book::count(&shop)?, sample::BOOKS);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn vacuum_gives_space_back(shop: Shop) -> Outcome {
    shop.execute_batch("VACUUM")?;
    let full = pages(&shop)?;
    shop.execute_batch(
        "DELETE FROM invoice; DELETE FROM reservation; DELETE FROM order_line;
         DELETE FROM customer_order; DELETE FROM book;",
    )?;
    assert_eq!(pages(&shop)?, full);
    shop.execute_batch("VACUUM")?;
    assert!(
        pages(&shop)? < full / 2,
        "{} of {full} pages left",
        pages(&shop)?
    );
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn the_file_is_whole(shop: Shop) -> Outcome {
    search::rebuild(&shop)?;
    let check: String = shop.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(check, "ok");
    assert!(!shop.prepare("PRAGMA foreign_key_check")?.exists([])?);
    Ok(())
}

const EVERY_TABLE: [&str; 13] = [
    "author",
    "book",
    "book_text",
    "customer",
    "customer_order",
    "invoice",
    "order_line",
    "price_change",
    "publisher",
    "reservation",
    "schema_step",
    "stock",
    "stock_movement",
];

/// The tables by name, without those that the search index keeps for itself.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%'
             ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Everything that was ever created, as it was written.
fn schema(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn pages(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "page_count", |row| row.get(0))
}

fn is_busy<T>(result: catalog::Result<T>) -> bool {
    match result {
        Err(Error::Database(error)) => error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy),
        _ => false,
    }
}
