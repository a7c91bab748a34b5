use catalog::{Migration, Migrations};

/// The tables of customers and orders, step by step.
pub const MIGRATIONS: Migrations = Migrations {
    owner: "orders",
    steps: &[
        Migration {
            name: "customers",
            up: include_str!("../migrations/0001_customers.up.sql"),
            down: include_str!("../migrations/0001_customers.down.sql"),
        },
        Migration {
            name: "orders",
            up: include_str!("../migrations/0002_orders.up.sql"),
            down: include_str!("../migrations/0002_orders.down.sql"),
        },
        Migration {
            name: "reservations",
            up: include_str!("../migrations/0003_reservations.up.sql"),
            down: include_str!("../migrations/0003_reservations.down.sql"),
        },
        Migration {
            name: "invoices",
            up: include_str!("../migrations/0004_invoices.up.sql"),
            down: include_str!("../migrations/0004_invoices.down.sql"),
        },
    ],
};
