//! The body ends before its leases do, to the last temporary.

use name_manager::{BoxError, FromLease, Lease, shared_resource};
use std::cell::RefCell;

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn dropped() -> Vec<&'static str> {
    DROPPED.take()
}

/// Says when it is dropped.
struct Noted(&'static str);

impl Noted {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

struct Client {
    _note: Noted,
    _lease: Lease,
}

impl FromLease for Client {
    fn from_lease(lease: Lease) -> Result<Client, BoxError> {
        let _note = Noted("client");
        Ok(Client {
            _note,
            _lease: lease,
        })
    }
}

#[shared_resource(pool = "order")]
#[test]
fn tail_expression(_order: Client) {
    let _local = Noted("local");
    assert!(Noted("temporary").len() > 0)
}

#[test]
fn the_client_outlives_locals_and_temporaries() {
    tail_expression();
    let mut before = dropped();
    assert_eq!(before.pop(), Some("client"));
    before.sort();
    assert_eq!(before, ["local", "temporary"]);
}

#[shared_resource(pool = "order")]
#[test]
fn early_return(_order: Client) {
    let _local = Noted("local");
    if Noted("temporary").len() > 0 {
        return;
    }
    unreachable!();
}

#[test]
fn the_client_outlives_an_early_return() {
    early_return();
    assert_eq!(dropped(), ["temporary", "local", "client"]);
}

#[shared_resource(pool = "order")]
#[test]
#[should_panic]
fn panicking(_order: Client) {
    let _local = Noted("local");
    panic!("on purpose");
}

#[test]
fn the_client_outlives_a_panic() {
    std::panic::catch_unwind(panicking).unwrap_err();
    assert_eq!(dropped(), ["local", "client"]);
}

#[shared_resource(pool = "order")]
#[tokio::test]
async fn asynchronous(_order: Client) {
    let _local = Noted("local");
    tokio::task::yield_now().await;
    assert!(Noted("temporary").len() > 0)
}

#[test]
fn the_client_outlives_an_async_body() {
    asynchronous();
    assert_eq!(dropped().pop(), Some("client"));
}
