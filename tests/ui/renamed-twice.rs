use name_manager::{Lease, shared_resource as serial};

#[serial(pool = "db", max = 1)]
#[serial(pool = "mail", max = 1)]
#[test]
fn lists_users(db: Lease, mail: Lease) {
    assert!(db.starts_with("db-") && mail.starts_with("mail-"));
}

#[serial(pool = "db", max = 1)]
#[name_manager::shared_resource(pool = "mail", max = 1)]
#[serial(pool = "port", max = 1)]
#[test]
#[should_panic]
fn sends_mail() {
    #![allow(unused_variables)]
    let port = 25;
    panic!();
}
