use crate::{requests, spec};
use name_manager::__private0::Amount;
use name_manager::{Lease, shared_resource};

#[shared_resource(pool = "options")]
#[test]
#[ignore = "waits for nobody, and would say so"]
fn nothing() {}

#[test]
fn nothing_is_written_down() {
    let spec = spec("options::nothing");
    assert_eq!(spec.manifest_dir, env!("CARGO_MANIFEST_DIR"));
    assert_eq!(spec.file, file!());
    let request = &requests("options::nothing")[0];
    assert_eq!(request.pool, "options");
    assert_eq!(request.max, None);
    assert!(request.names.is_empty());
    assert_eq!(request.name, None);
    assert!(!request.shared);
    assert_eq!(request.amount, Amount::Count(1));
    assert_eq!(request.wait_timeout, None);
    assert!(!request.set_env);
    assert!(request.bare);
}

#[test]
fn what_says_a_name_or_a_number_is_not_bare() {
    for test in ["everything", "from_a_macro"] {
        let requests = requests(&format!("options::{test}"));
        assert!(requests.iter().all(|request| !request.bare), "{test}");
    }
    let lines = requests("options::lines::two");
    assert!(!lines[0].bare && lines[1].bare);
}

#[shared_resource(
    pool = "options-max",
    max = 3,
    count = 2,
    wait_timeout = "1h 30m",
    access = "shared"
)]
#[shared_resource(
    pool = "options-names",
    names = ["db_a", "DB.b"],
    name = "DB.b",
    access = "exclusive",
)]
#[shared_resource(pool = "options-all", max = 1, all = true)]
#[shared_resource(pool = "options-not-all", all = false, count = 1)]
#[test]
fn everything() {}

#[test]
fn everything_is_written_down() {
    let requests = requests("options::everything");

    assert_eq!(requests[0].max, Some(3));
    assert_eq!(requests[0].amount, Amount::Count(2));
    assert_eq!(requests[0].wait_timeout, Some("1h30m"));
    assert!(requests[0].shared);

    assert_eq!(requests[1].names, ["db_a", "DB.b"]);
    assert_eq!(requests[1].name, Some("DB.b"));
    assert!(!requests[1].shared);

    assert_eq!(requests[2].amount, Amount::All);
    assert_eq!(requests[3].amount, Amount::Count(1));
}

#[shared_resource(pool = "options-env", set_env)]
#[shared_resource(pool = "options-env-too", set_env = true)]
#[shared_resource(pool = "options-no-env", set_env = false)]
#[test]
#[ignore = "cannot set it: this process runs other tests"]
fn environment() {}

#[test]
fn that_the_environment_is_set_is_written_down() {
    let requests = requests("options::environment");
    let set = requests.iter().map(|request| request.set_env);
    assert_eq!(Vec::from_iter(set), [true, true, false]);
}

#[rustfmt::skip]
mod lines {
    use super::shared_resource;

    pub const FIRST: u32 = line!() + 2;

    #[shared_resource(pool = "options")]

    #[shared_resource(pool = "options-two")]
    #[test]
    fn two(_options: name_manager::Lease) {}
}

#[test]
fn each_request_has_the_line_of_its_attribute() {
    let requests = requests("options::lines::two");
    assert_eq!(requests[0].line, lines::FIRST);
    assert_eq!(requests[1].line, lines::FIRST + 2);
}

// Options may come out of a `macro_rules!`, whose fragments arrive in
// invisible groups.
macro_rules! annotated {
    ($(#[$attribute:meta])* $pool:literal $max:literal $path:path; $vis:vis fn $name:ident($parameter:ident: $ty:ty) $body:block) => {
        #[shared_resource(pool = $pool, max = $max, crate = $path)]
        $(#[$attribute])*
        #[test]
        $vis fn $name($parameter: $ty) $body
    };
}

annotated! {
    #[shared_resource(pool = "options-two", max = 8)]
    "options-macro" 7 ::name_manager;
    pub(crate) fn from_a_macro(options_macro: Lease) {
        assert!(options_macro.starts_with("options-macro-"));
    }
}

#[test]
fn options_from_a_macro_are_read() {
    let requests = requests("options::from_a_macro");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].max, Some(7));
    assert_eq!(requests[1].pool, "options-two");
}
