use name_manager::{Lease, shared_resource};
use std::error::Error;
use std::fmt;
use std::process::{ExitCode, Termination};

#[shared_resource(pool = "returns")]
#[test]
#[allow(clippy::unused_unit)]
fn unit(returns: Lease) -> () {
    assert!(returns.starts_with("returns-"));
}

#[derive(Debug)]
struct Wrong;

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong")
    }
}

impl Error for Wrong {}

#[shared_resource(pool = "returns")]
#[test]
fn question_mark(returns: Lease) -> Result<(), Wrong> {
    Ok::<&Lease, Wrong>(&returns)?;
    Ok(())
}

#[shared_resource(pool = "returns")]
#[test]
fn question_mark_into_a_box(returns: Lease) -> Result<(), Box<dyn Error>> {
    let index: u32 = returns.rsplit_once('-').ok_or(Wrong)?.1.parse()?;
    let _ = index;
    Ok(())
}

// The tail is a `Box<Wrong>` until the return type coerces it.
#[shared_resource(pool = "returns")]
#[test]
#[ignore = "fails on purpose: called below"]
fn coerced(returns: Lease) -> Result<(), Box<dyn Error>> {
    let wrong = Box::new(Wrong);
    if returns.is_empty() {
        return Err(wrong);
    }
    Err(wrong)
}

#[test]
fn an_error_reaches_the_caller() {
    assert_eq!(coerced().unwrap_err().to_string(), "wrong");
}

#[shared_resource(pool = "returns")]
#[test]
fn early(returns: Lease) -> Result<(), Wrong> {
    if !returns.is_empty() {
        return Ok(());
    }
    Err(Wrong)
}

#[shared_resource(pool = "returns")]
#[test]
fn exit_code(returns: Lease) -> ExitCode {
    assert!(!returns.is_empty());
    ExitCode::SUCCESS
}

#[shared_resource(pool = "returns")]
#[test]
fn impl_termination(returns: Lease) -> impl Termination {
    assert!(!returns.is_empty());
    ExitCode::SUCCESS
}

#[shared_resource(pool = "returns")]
#[test]
fn impl_inside(returns: Lease) -> Result<impl Termination, impl fmt::Debug> {
    if returns.is_empty() {
        return Err(Wrong);
    }
    Ok(ExitCode::SUCCESS)
}

// `#[should_panic]` wants `()`, so the others that panic are called below.
#[shared_resource(pool = "returns")]
#[test]
#[should_panic(expected = "diverges")]
fn diverging_unit(returns: Lease) {
    panic!("diverges with {}", returns.len())
}

#[allow(unreachable_code)] // in what `#[test]` makes of it
mod never {
    use super::*;

    #[shared_resource(pool = "returns")]
    #[test]
    #[ignore = "panics on purpose: called below"]
    pub fn never(returns: Lease) -> ! {
        panic!("diverges with {}", returns.len())
    }
}

#[shared_resource(pool = "returns")]
#[test]
#[ignore = "panics on purpose: called below"]
fn diverging_result(_returns: Lease) -> Result<(), Wrong> {
    panic!("diverges")
}

#[shared_resource(pool = "returns")]
#[test]
#[ignore = "panics on purpose: called below"]
fn diverging_impl(_returns: Lease) -> impl Termination {
    if true {
        panic!("diverges");
    }
}

#[test]
fn bodies_may_diverge() {
    std::panic::catch_unwind(|| never::never()).unwrap_err();
    std::panic::catch_unwind(diverging_result).unwrap_err();
    assert!(std::panic::catch_unwind(|| drop(diverging_impl())).is_err());
}

#[rustfmt::skip]
#[shared_resource(pool = "returns")]
#[test]
fn on_one_line(returns: Lease) { drop(returns) }

#[shared_resource(pool = "returns")]
#[test]
fn inner_attributes(returns: Lease) {
    #![allow(unused_variables)]
    let unused = returns;
}
