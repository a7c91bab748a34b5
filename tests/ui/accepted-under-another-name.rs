#![deny(warnings)]

use name_manager::{Lease, shared_resource as serial};

#[serial(pool = "db", max = 1)]
#[test]
fn lists_users(db: Lease) {
    assert!(db.starts_with("db-"));
}

// The name that it recognises is its own.
#[serial(pool = "mail", max = 1)]
#[name_manager::shared_resource(pool = "db", max = 1)]
#[test]
fn sends_mail(db: Lease, mail: Lease) {
    assert!(db.starts_with("db-") && mail.starts_with("mail-"));
}
