use super::{isbn, rows};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Those that refer to others first.
const TABLES: [&str; 11] = [
    "invoice",
    "reservation",
    "order_line",
    "customer_order",
    "customer",
    "price_change",
    "stock_movement",
    "stock",
    "book",
    "author",
    "publisher",
];

/// The catalogue's last step before the search index.
const WITHOUT_SEARCH: usize = 3;

/// Replaces whatever is in the database by the sample.
///
/// # Errors
///
/// Returns an error when the database is busy, or its tables are not at their latest step.
pub fn load(connection: &Connection) -> catalog::Result<()> {
    // The search index last and at once: row by row it takes as long as all the rest.
    catalog::MIGRATIONS.migrate(connection, WITHOUT_SEARCH)?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Exclusive)?;
    for table in TABLES {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let rows = rows::all();
    catalog_rows(&transaction, rows)?;
    order_rows(&transaction, rows)?;
    transaction.commit()?;
    catalog::MIGRATIONS.migrate(connection, catalog::MIGRATIONS.latest())
}

fn catalog_rows(connection: &Connection, rows: &rows::Rows) -> catalog::Result<()> {
    let mut insert = connection.prepare("INSERT INTO publisher (id, name) VALUES (?1, ?2)")?;
    for (id, name) in rows.publishers.iter().enumerate() {
        insert.execute((id, name))?;
    }
    let mut insert = connection.prepare("INSERT INTO author (id, name) VALUES (?1, ?2)")?;
    for (id, name) in rows.authors.iter().enumerate() {
        insert.execute((id, name))?;
    }
    let mut insert = connection.prepare(
        "INSERT INTO book (id, isbn, title, author_id, publisher_id, published, price)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut deliver = connection
        .prepare("INSERT INTO stock_movement (isbn, change, reason) VALUES (?1, ?2, 'delivery')")?;
    for (id, book) in rows.books.iter().enumerate() {
        let (isbn, place) = (isbn(id), (book.author, book.publisher));
        insert.execute((
            id,
            &isbn,
            &book.title,
            place.0,
            place.1,
            book.published,
            book.price,
        ))?;
        if book.delivered > 0 {
            deliver.execute((&isbn, book.delivered))?;
        }
    }
    Ok(())
}

fn order_rows(connection: &Connection, rows: &rows::Rows) -> catalog::Result<()> {
    let mut insert = connection
        .prepare("INSERT INTO customer (id, name, email, town) VALUES (?1, ?2, ?3, ?4)")?;
    for (id, customer) in rows.customers.iter().enumerate() {
        insert.execute((id, &customer.name, &customer.email, customer.town))?;
    }
    let mut insert = connection.prepare(
        "INSERT INTO customer_order (id, customer_id, placed_on, status) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut line = connection.prepare(
        "INSERT INTO order_line (order_id, isbn, quantity, unit_price) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (id, order) in rows.orders.iter().enumerate() {
        insert.execute((id, order.customer, &order.placed_on, order.status))?;
        for (book, copies) in &order.lines {
            line.execute((id, isbn(*book), copies, rows.books[*book].price))?;
        }
    }
    // What follows from the orders, by rules that are the shop's own.
    connection.execute_batch(
        "INSERT INTO reservation (order_id, isbn, quantity)
         SELECT order_id, isbn, quantity
         FROM order_line JOIN customer_order ON id = order_id WHERE status = 'open';

         INSERT INTO stock_movement (isbn, change, reason)
         SELECT isbn, -quantity, 'sale'
         FROM order_line JOIN customer_order ON id = order_id WHERE status = 'shipped';

         INSERT INTO invoice (number, order_id, total, issued_on)
         SELECT row_number() OVER (ORDER BY id), id, sum(quantity * unit_price), placed_on
         FROM customer_order JOIN order_line ON order_id = id
         WHERE status = 'shipped' GROUP BY id;",
    )?;
    Ok(())
}
