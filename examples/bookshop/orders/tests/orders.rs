//! Customers and their orders, from the till to the invoice.

use bookshop_testing::{Outcome, Shop, sample};
use catalog::{Cents, Isbn, book, price, stock};
use name_manager::shared_resource;
use orders::order::{self, Status};
use orders::{Error, customer, invoice, report, reservation};

const TODAY: &str = "2026-11-20";

#[shared_resource(pool = "shop")]
#[test]
fn the_sample_has_all_its_orders(shop: Shop) -> Outcome {
    assert_eq!(customer::count(&shop)?, sample::CUSTOMERS);
    let [open, shipped, cancelled] = counts(&shop)?;
    assert_eq!(open + shipped + cancelled, sample::ORDERS);
    assert_eq!(invoice::count(&shop)?, shipped);
    assert_eq!(reservation::overbooked(&shop)?, []);
    assert_eq!(stock::discrepancies(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn customers_are_known_by_their_address(shop: Shop) -> Outcome {
    for n in 0..100 {
        let email = format!("reader.{n}@example.org");
        let id = customer::register(&shop, "A Reader", &email, "Galway")?;
        assert_eq!(customer::by_email(&shop, &email.to_uppercase())?, Some(id));
    }
    assert_eq!(customer::count(&shop)?, sample::CUSTOMERS + 100);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn nobody_registers_twice(shop: Shop) -> Outcome {
    customer::register(&shop, "Ada", "ada@example.org", "Bath")?;
    for again in ["ada@example.org", "Ada@Example.ORG", "no address"] {
        assert!(
            customer::register(&shop, "Ada", again, "Bath").is_err(),
            "{again}"
        );
    }
    assert_eq!(customer::count(&shop)?, sample::CUSTOMERS + 1);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn an_order_reserves_its_copies(shop: Shop) -> Outcome {
    for isbn in in_stock(&shop, 3, 40)? {
        let (free, there) = (
            reservation::available(&shop, &isbn)?,
            stock::on_hand(&shop, &isbn)?,
        );
        let order = order::place(&shop, 0, TODAY, &[(isbn.clone(), 3)])?;
        assert_eq!(reservation::available(&shop, &isbn)?, free - 3);
        assert_eq!(stock::on_hand(&shop, &isbn)?, there);
        assert_eq!(reservation::of_order(&shop, order)?, [(isbn, 3)]);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn reserved_copies_cannot_be_sold_again(shop: Shop) -> Outcome {
    let [open, ..] = counts(&shop)?;
    let books = in_stock(&shop, 1, 40)?;
    for isbn in &books {
        let free = reservation::available(&shop, isbn)?;
        order::place(&shop, 0, TODAY, &[(isbn.clone(), free)])?;
        assert!(order::place(&shop, 1, TODAY, &[(isbn.clone(), 1)]).is_err());
    }
    assert_eq!(counts(&shop)?[0], open + books.len());
    assert_eq!(reservation::overbooked(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn an_order_is_placed_whole_or_not_at_all(shop: Shop) -> Outcome {
    let before = counts(&shop)?;
    let books = in_stock(&shop, 1, 20)?;
    let mut lines: Vec<(Isbn, u32)> = books.iter().map(|isbn| (isbn.clone(), 1)).collect();
    lines.push((sample::isbn(0), 10_000));
    let free = reservation::available(&shop, &books[0])?;
    for customer in 0..20 {
        assert!(order::place(&shop, customer, TODAY, &lines).is_err());
        assert_eq!(counts(&shop)?, before);
    }
    assert_eq!(reservation::available(&shop, &books[0])?, free);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn an_empty_order_is_refused(shop: Shop) -> Outcome {
    let before = counts(&shop)?;
    let empty = order::place(&shop, 0, TODAY, &[]);
    assert!(matches!(empty, Err(Error::EmptyOrder)), "{empty:?}");
    assert_eq!(counts(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn shipping_takes_the_copies_out(shop: Shop) -> Outcome {
    let (before, [_, shipped, _]) = (stock::total(&shop)?, counts(&shop)?);
    let books = in_stock(&shop, 2, 30)?;
    for isbn in &books {
        let order = order::place(&shop, 0, TODAY, &[(isbn.clone(), 2)])?;
        order::ship(&shop, order)?;
        assert_eq!(order::status(&shop, order)?, Status::Shipped);
        assert_eq!(reservation::of_order(&shop, order)?, []);
    }
    assert_eq!(stock::total(&shop)?, before - 2 * books.len() as u64);
    assert_eq!(counts(&shop)?[1], shipped + books.len());
    assert_eq!(stock::discrepancies(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn cancelling_frees_the_copies(shop: Shop) -> Outcome {
    let before = stock::total(&shop)?;
    for isbn in in_stock(&shop, 1, 30)? {
        let free = reservation::available(&shop, &isbn)?;
        let order = order::place(&shop, 0, TODAY, &[(isbn.clone(), free)])?;
        assert_eq!(reservation::available(&shop, &isbn)?, 0);
        order::cancel(&shop, order)?;
        assert_eq!(reservation::available(&shop, &isbn)?, free);
    }
    assert_eq!(stock::total(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn all_open_orders_can_be_shipped(shop: Shop) -> Outcome {
    let [open, shipped, cancelled] = counts(&shop)?;
    for order in numbers(&shop, Status::Open)? {
        order::ship(&shop, order)?;
    }
    assert_eq!(counts(&shop)?, [0, shipped + open, cancelled]);
    assert_eq!(stock::discrepancies(&shop)?, []);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn what_was_shipped_stays_shipped(shop: Shop) -> Outcome {
    let before = counts(&shop)?;
    for order in numbers(&shop, Status::Shipped)? {
        let refused = order::cancel(&shop, order);
        assert!(
            matches!(
                refused,
                Err(Error::WrongStatus {
                    found: Status::Shipped,
                    ..
                })
            ),
            "{refused:?}",
        );
        assert!(order::ship(&shop, order).is_err());
    }
    assert_eq!(counts(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_later_price_does_not_change_an_order(shop: Shop) -> Outcome {
    for isbn in in_stock(&shop, 2, 30)? {
        let cost = book::find(&shop, &isbn)?.price;
        let order = order::place(&shop, 0, TODAY, &[(isbn.clone(), 2)])?;
        price::set(&shop, &isbn, cost + Cents(500))?;
        assert_eq!(order::total(&shop, order)?, cost * 2);
    }
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn invoices_have_no_gaps(shop: Shop) -> Outcome {
    for order in numbers(&shop, Status::Open)?.into_iter().take(60) {
        let last = invoice::last_number(&shop)?;
        order::ship(&shop, order)?;
        let invoice = invoice::issue(&shop, order, TODAY)?;
        assert_eq!(invoice.number, last + 1);
        assert_eq!(invoice.total, order::total(&shop, order)?);
        assert!(invoice::issue(&shop, order, TODAY).is_err());
    }
    assert_eq!(
        invoice::last_number(&shop)? as usize,
        invoice::count(&shop)?
    );
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn only_shipped_orders_are_invoiced(shop: Shop) -> Outcome {
    let before = report::revenue(&shop)?;
    for order in numbers(&shop, Status::Open)? {
        let refused = invoice::issue(&shop, order, TODAY);
        assert!(
            matches!(
                refused,
                Err(Error::WrongStatus {
                    expected: Status::Shipped,
                    ..
                })
            ),
            "{refused:?}",
        );
    }
    assert_eq!(report::revenue(&shop)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_new_year_numbers_all_invoices_again(shop: Shop) -> Outcome {
    let (before, shipped) = (report::revenue(&shop)?, counts(&shop)?[1]);
    shop.execute_batch("DELETE FROM invoice")?;
    assert_eq!(report::revenue(&shop)?, Cents(0));
    assert_eq!(invoice::issue_all(&shop, TODAY)?, shipped);
    assert_eq!(invoice::last_number(&shop)? as usize, shipped);
    assert_eq!(report::revenue(&shop)?, before);
    assert_eq!(invoice::issue_all(&shop, TODAY)?, 0);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn towns_add_up_to_the_revenue(shop: Shop) -> Outcome {
    let towns = report::revenue_by_town(&shop)?;
    assert!(towns.is_sorted_by(|one, next| one.1 >= next.1));
    assert_eq!(
        towns.into_iter().map(|(_, sum)| sum).sum::<Cents>(),
        report::revenue(&shop)?
    );
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn a_run_on_one_book_makes_it_the_best_seller(shop: Shop) -> Outcome {
    let isbn = sample::isbn(sample::BOOKS - 1);
    stock::restock(&shop, &isbn, 2_000)?;
    for customer in 0..50 {
        order::place(&shop, customer, TODAY, &[(isbn.clone(), 20)])?;
    }
    let (first, sold) = report::best_sellers(&shop, 10)?.remove(0);
    assert_eq!(first, isbn);
    assert!(sold >= 1_000, "{sold}");
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn the_reservation_step_reserves_for_old_orders(shop: Shop) -> Outcome {
    let rows = "SELECT count(*), sum(quantity) FROM reservation";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?));
    let before = shop.query_row(rows, [], read)?;
    orders::MIGRATIONS.migrate(&shop, 2)?;
    orders::MIGRATIONS.migrate(&shop, 3)?;
    assert_eq!(shop.query_row(rows, [], read)?, before);
    Ok(())
}

#[shared_resource(pool = "shop")]
#[test]
fn nobody_sells_during_stocktaking(shop: Shop) -> Outcome {
    let till = shop.another_till()?;
    for isbn in in_stock(&shop, 2, 20)? {
        shop.execute_batch("BEGIN EXCLUSIVE")?;
        assert!(order::place(&till, 1, TODAY, &[(isbn.clone(), 1)]).is_err());
        shop.execute_batch("ROLLBACK")?;
        order::place(&till, 1, TODAY, &[(isbn, 1)])?;
    }
    Ok(())
}

/// How many orders are open, shipped, cancelled.
fn counts(shop: &Shop) -> orders::Result<[usize; 3]> {
    Ok([
        order::count(shop, Status::Open)?,
        order::count(shop, Status::Shipped)?,
        order::count(shop, Status::Cancelled)?,
    ])
}

/// Some books of which at least so many copies are free.
fn in_stock(shop: &Shop, copies: u32, books: usize) -> orders::Result<Vec<Isbn>> {
    let mut found = Vec::new();
    for index in 0..sample::BOOKS {
        if found.len() < books && reservation::available(shop, &sample::isbn(index))? >= copies {
            found.push(sample::isbn(index));
        }
    }
    Ok(found)
}

fn numbers(shop: &Shop, status: Status) -> rusqlite::Result<Vec<order::Id>> {
    shop.prepare("SELECT id FROM customer_order WHERE status = ?1 ORDER BY id")?
        .query_map([status.to_string()], |row| row.get(0))?
        .collect()
}
