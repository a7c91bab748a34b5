use crate::{Error, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// The catalogue's tables, step by step.
pub const MIGRATIONS: Migrations = Migrations {
    owner: "catalog",
    steps: &[
        Migration {
            name: "books",
            up: include_str!("../migrations/0001_books.up.sql"),
            down: include_str!("../migrations/0001_books.down.sql"),
        },
        Migration {
            name: "stock",
            up: include_str!("../migrations/0002_stock.up.sql"),
            down: include_str!("../migrations/0002_stock.down.sql"),
        },
        Migration {
            name: "price_history",
            up: include_str!("../migrations/0003_price_history.up.sql"),
            down: include_str!("../migrations/0003_price_history.down.sql"),
        },
        Migration {
            name: "search",
            up: include_str!("../migrations/0004_search.up.sql"),
            down: include_str!("../migrations/0004_search.down.sql"),
        },
    ],
};

/// One step of a schema, there and back.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// What it adds.
    pub name: &'static str,
    /// SQL that adds it.
    pub up: &'static str,
    /// SQL that takes it away again.
    pub down: &'static str,
}

/// The steps of one package's part of the schema; the first has the number 1.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The package; several share one database.
    pub owner: &'static str,
    /// In order.
    pub steps: &'static [Migration],
}

impl Migrations {
    /// Returns the number of the last step.
    #[must_use]
    pub fn latest(&self) -> usize {
        self.steps.len()
    }

    /// Returns the number of the last step that was applied, 0 if none.
    ///
    /// # Errors
    ///
    /// Returns an error when the database cannot be read.
    pub fn current(&self, connection: &Connection) -> Result<usize> {
        if !connection.table_exists(None, "schema_step")? {
            return Ok(0);
        }
        let latest = "SELECT coalesce(max(number), 0) FROM schema_step WHERE owner = ?1";
        Ok(connection.query_row(latest, [self.owner], |row| row.get(0))?)
    }

    /// Goes up or down to step `target`, all the way or not at all.
    ///
    /// # Errors
    ///
    /// Returns an error when there is no such step, or when rows are in the way
    /// of a step: of another package that refers to this one's, say.
    pub fn migrate(&self, connection: &Connection, target: usize) -> Result<()> {
        let latest = self.latest();
        if target > latest {
            return Err(Error::NoSuchMigration {
                asked: target,
                latest,
            });
        }
        // Exclusive: nobody may read a schema that is on its way.
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Exclusive)?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_step (
                 owner TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
                 PRIMARY KEY (owner, number)
             ) STRICT, WITHOUT ROWID",
        )?;
        let current = self.current(&transaction)?;
        for (number, step) in self
            .numbered()
            .filter(|(n, _)| (current + 1..=target).contains(n))
        {
            transaction.execute_batch(step.up)?;
            transaction.execute(
                "INSERT INTO schema_step (owner, number, name) VALUES (?1, ?2, ?3)",
                (self.owner, number, step.name),
            )?;
        }
        for (number, step) in self
            .numbered()
            .rev()
            .filter(|(n, _)| (target + 1..=current).contains(n))
        {
            transaction.execute_batch(step.down)?;
            transaction.execute(
                "DELETE FROM schema_step WHERE owner = ?1 AND number = ?2",
                (self.owner, number),
            )?;
        }
        Ok(transaction.commit()?)
    }

    fn numbered(&self) -> impl DoubleEndedIterator<Item = (usize, &Migration)> {
        self.steps
            .iter()
            .enumerate()
            .map(|(index, step)| (index + 1, step))
    }
}
