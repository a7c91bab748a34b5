//! A renamed dependency, an edition before 2024, modules named like the standard
//! library's crates, and nothing allowed that can be forbidden.

#![forbid(unsafe_code, unreachable_code)]
#![forbid(unused_braces, unused_imports, unused_parens)]
#![deny(warnings, clippy::pedantic, clippy::nursery)]

mod core {}
mod std {}
mod alloc {}
mod linkme {}
mod name_manager {}

mod reexported {
    pub use ::borrowed as pools;
}

use ::std::cell::RefCell;
use borrowed::shared_resource;
use borrowed::Lease;
use borrowed::{BoxError, FromLease};

// Names that generated code mentions mean what it meant.
#[allow(dead_code)]
mod shadowed {
    use super::{shared_resource, Lease};

    pub enum Option {}
    pub enum Some {}
    pub enum None {}
    pub struct TestSpec;
    pub struct RequestSpec;
    pub const __ENTRY: () = ();

    #[shared_resource(pool = "renamed", max = 2, crate = ::borrowed)]
    #[test]
    fn beside_the_same_names(renamed: Lease) {
        let () = __ENTRY;
        assert!(renamed.starts_with("renamed-"));
    }
}

#[shared_resource(pool = "renamed", max = 2, crate = borrowed)]
#[test]
fn renamed(renamed: Lease) {
    assert!(renamed.starts_with("renamed-"));
}

#[shared_resource(pool = "renamed", max = 2, crate = crate::reexported::pools)]
#[tokio::test]
async fn reexported(renamed: Lease) -> Result<(), ::std::io::Error> {
    tokio::task::yield_now().await;
    assert!(renamed.starts_with("renamed-"));
    Ok(())
}

#[shared_resource(pool = "renamed", max = 2, crate = borrowed)]
mod module {
    // Used, although the attribute around it takes the attribute off.
    use super::{shared_resource, Lease};
    use rstest::rstest;

    #[rstest]
    #[case(1)]
    fn case(#[case] one: u32, renamed: Lease) {
        assert_eq!(one, 1);
        assert!(renamed.starts_with("renamed-"));
    }

    #[shared_resource(pool = "renamed-two", crate = borrowed)]
    #[test]
    #[should_panic(expected = "on purpose")]
    fn panicking(renamed: Lease, renamed_two: Lease) {
        panic!("{renamed} {renamed_two} on purpose");
    }
}

#[rustfmt::skip]
#[shared_resource(pool = "renamed", max = 2, crate = borrowed)]
#[test]
fn on_one_line(renamed: Lease) { drop(renamed) }

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Says when it is dropped.
struct Noted(&'static str);

impl Noted {
    fn check(&self) {
        assert!(!self.0.is_empty());
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

impl FromLease for Noted {
    fn from_lease(_: Lease) -> Result<Self, BoxError> {
        Ok(Self("parameter"))
    }
}

#[shared_resource(pool = "renamed", max = 2, crate = borrowed)]
#[test]
#[allow(clippy::semicolon_if_nothing_returned)]
fn tail_expression(_renamed: Noted) {
    Noted("temporary").check()
}

#[test]
fn parameters_outlive_the_last_temporary() {
    tail_expression();
    assert_eq!(DROPPED.take(), ["temporary", "parameter"]);
}

#[test]
fn every_annotated_test_is_listed() {
    let mut tests: Vec<&str> = borrowed::__private0::tests()
        .map(|spec| spec.test.trim_start_matches("renamed::"))
        .collect();
    tests.sort_unstable();
    assert_eq!(
        tests,
        [
            "module::case",
            "module::panicking",
            "on_one_line",
            "reexported",
            "renamed",
            "shadowed::beside_the_same_names",
            "tail_expression",
        ]
    );
}
