//! Whose lease it is, as other tests are told.

use std::mem;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use name_manager::{Lease, Pool, Request, shared_resource};

/// What a waiter for this pool is told.
#[track_caller]
fn told(pool: &str) -> String {
    told_of(Pool::open(pool).unwrap().request())
}

/// What a waiter is told, on a thread of its own.
#[track_caller]
fn told_of(request: Request) -> String {
    let request = request.timeout(Duration::from_millis(10));
    let waiter = thread::spawn(move || request.acquire());
    let error = waiter.join().unwrap().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    error.to_string()
}

#[shared_resource(pool = "whose-forgotten", max = 1, arg = lease)]
#[test]
#[ignore = "called by the next test"]
fn forgets(lease: Lease) {
    mem::forget(lease);
}

#[test]
fn a_forgotten_lease_is_told_to_have_outlived_its_body() {
    forgets();
    let message = told("whose-forgotten");
    let held = "whose-forgotten-0 held by `attribute::whose::forgets` (pid ";
    assert!(message.contains(held), "{message}");
    assert!(message.contains("; its body ended "), "{message}");
    let outlived = " ago, but the lease lives on)";
    assert!(message.contains(outlived), "{message}");
}

#[shared_resource(pool = "whose-moved", max = 1, arg = lease)]
#[test]
#[ignore = "called by the next test"]
fn starts_a_thread(lease: Lease) {
    let (end, until) = channel::<()>();
    let keep = move |until: Receiver<()>| {
        let _ = until.recv();
        drop(lease);
    };
    let lives_on = thread::spawn(move || keep(until));
    KEPT.with_borrow_mut(|kept| *kept = Some((end, lives_on)));
}

thread_local! {
    static KEPT: std::cell::RefCell<Option<(std::sync::mpsc::Sender<()>, thread::JoinHandle<()>)>> =
        const { std::cell::RefCell::new(None) };
}

#[test]
fn a_lease_on_a_thread_that_lives_on_is_told_to_have_outlived_its_body() {
    starts_a_thread();
    let message = told("whose-moved");
    assert!(message.contains("; its body ended "), "{message}");
    let (end, thread) = KEPT.take().unwrap();
    drop(end);
    thread.join().unwrap();
    drop(
        Pool::open("whose-moved")
            .unwrap()
            .try_acquire()
            .unwrap()
            .unwrap(),
    );
}

#[shared_resource(pool = "whose-running", max = 1)]
#[test]
fn a_body_that_goes_on_is_not_told_to_have_ended() {
    let message = told("whose-running");
    let test = "attribute::whose::a_body_that_goes_on_is_not_told_to_have_ended";
    let held = format!("whose-running-0 held by `{test}` (pid ");
    assert!(message.contains(&held), "{message}");
    assert!(!message.contains("body ended"), "{message}");
}

#[shared_resource(pool = "whose-nested", max = 1)]
#[test]
#[ignore = "called by the next test"]
fn inner() {}

#[shared_resource(pool = "whose-nested", max = 1)]
#[test]
#[should_panic(
    expected = "`attribute::whose::outer` already holds `whose-nested-0` of pool `whose-nested` (1 of 1), so waiting for 1 more, as `attribute::whose::inner` does on the same thread, would never end"
)]
fn outer() {
    inner();
}

#[test]
fn a_thread_without_a_name_is_told_by_its_place_and_a_label_instead_of_anything() {
    let pool = Pool::open("whose-thread").unwrap();
    let theirs = pool.clone();
    let unnamed = thread::spawn(move || (theirs.acquire().unwrap(), line!()));
    let (_lease, line) = unnamed.join().unwrap();
    let message = told_of(pool.request().name("whose-thread-0"));
    match std::env::var("NEXTEST_TEST_NAME") {
        Ok(test) => assert!(message.contains(&format!("::{test}` (pid ")), "{message}"),
        Err(_) => {
            let place = format!("held by `attribute ({}:{line})` (pid ", file!());
            assert!(message.contains(&place), "{message}");
        }
    }
    let request = pool
        .request()
        .name("whose-thread-1")
        .label("orders, worker 1");
    let _labelled = request.acquire().unwrap();
    let message = told_of(pool.request().name("whose-thread-1"));
    assert!(
        message.contains("held by `orders, worker 1` (pid "),
        "{message}"
    );
}
