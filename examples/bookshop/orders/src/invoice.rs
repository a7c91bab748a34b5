//! Invoices: one for each shipped order, numbered without gaps.

use crate::Result;
use crate::order::{self, Status};
use catalog::Cents;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// An invoice as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// One more than that of the invoice before.
    pub number: u32,
    /// What it is for.
    pub order: order::Id,
    /// What is to pay.
    pub total: Cents,
}

/// Writes the invoice of a shipped order.
///
/// # Errors
///
/// Returns an error when the order was not shipped, or has one.
pub fn issue(connection: &Connection, order: order::Id, issued_on: &str) -> Result<Invoice> {
    // Immediate: a number read before the lock could be taken by somebody else.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    order::expect(&transaction, order, Status::Shipped)?;
    let number = last_number(&transaction)? + 1;
    let total = order::total(&transaction, order)?;
    transaction.execute(
        "INSERT INTO invoice (number, order_id, total, issued_on) VALUES (?1, ?2, ?3, ?4)",
        (number, order, total, issued_on),
    )?;
    transaction.commit()?;
    Ok(Invoice {
        number,
        order,
        total,
    })
}

/// Writes the invoices of all shipped orders that have none; returns how many.
///
/// # Errors
///
/// Returns an error when the database is busy.
pub fn issue_all(connection: &Connection, issued_on: &str) -> Result<usize> {
    Ok(connection.execute(
        "INSERT INTO invoice (number, order_id, total, issued_on)
         SELECT (SELECT coalesce(max(number), 0) FROM invoice) + row_number() OVER (ORDER BY id),
                id, (SELECT sum(quantity * unit_price) FROM order_line WHERE order_id = id), ?1
         FROM customer_order
         WHERE status = 'shipped' AND id NOT IN (SELECT order_id FROM invoice)",
        [issued_on],
    )?)
}

/// Returns the number of the last invoice, 0 if there is none.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn last_number(connection: &Connection) -> Result<u32> {
    let last = "SELECT coalesce(max(number), 0) FROM invoice";
    Ok(connection.query_row(last, [], |row| row.get(0))?)
}

/// Returns how many invoices there are.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn count(connection: &Connection) -> Result<usize> {
    Ok(connection.query_row("SELECT count(*) FROM invoice", [], |row| row.get(0))?)
}
