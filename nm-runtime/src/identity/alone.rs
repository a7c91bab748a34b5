//! Whether this process runs one test and nothing beside it, so that its environment can
//! be changed. The only place that changes it.

use std::env;
use std::thread;

use crate::base::text;
use crate::identity::runner;

/// Whether the environment of this process is the calling test's own, and no other
/// thread can be reading it. If not, why, and what to do.
pub(crate) fn check() -> Result<(), String> {
    let args: Vec<_> = env::args_os().skip(1).collect();
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let Some(test) = only_test(args.iter().map(|arg| &**arg)) else {
        let with = match args.is_empty() {
            true => "without arguments".to_owned(),
            false => format!("with `{}`", args.join(" ").escape_debug()),
        };
        let by = runner::parent_command();
        let by = by.map_or(String::new(), |by| format!("by `{}` ", by.escape_debug()));
        return Err(format!(
            "this process was started {by}{with}, not with `--exact` and the name of one test, and all tests that it runs have one environment; run them with `cargo nextest run`, which starts a process for each"
        ));
    };
    let threads = nm_os::environment_readers().map_err(|error| {
        format!(
            "whether other threads of this process read them meanwhile is not known here ({error})"
        )
    })?;
    // libtest runs a test on a thread of its name, while its main thread waits; or on the
    // main thread, and there is no other.
    let of_test = thread::current().name() == Some(test);
    let mut others = Vec::new();
    for other in threads {
        if !(of_test && other.is_main) {
            others.push(other.name.escape_debug().to_string());
        }
    }
    match others.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "this process has other threads, which may be reading them ({}), started before by a runtime of several threads, a `#[timeout]` or a hook; start threads in the body, or where the hook ends them",
            text::quoted(&others)
        )),
    }
}

/// Sets variables of this process; their names and values must be valid. Checks anew
/// whether it may.
#[allow(unsafe_code, reason = "changing the environment is unsafe")]
pub(crate) fn set<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), String> {
    check()?;
    for (key, value) in variables {
        // SAFETY: no other thread can read or change the environment meanwhile but through
        // `std::env`, which locks it. `check` has just found that this is the thread of
        // the only test that this process runs, and that all others are these:
        //
        // - libtest's main thread, which waits for the test;
        // - threads that wait for a lock, or for the end of processes, on behalf of this one
        //   (`local/timed_lock.rs`, `nm-os`'s `obituary.rs`), or write down what it did
        //   (`local/scribe.rs`): they make system calls on these, and look nothing up;
        // - threads that the kernel is ending already.
        //
        // None of them starts a thread, so none has come since. (On Windows any thread may
        // do it at any time.)
        unsafe { env::set_var(key, value) };
    }
    Ok(())
}

/// The test that a test binary with these arguments runs, if it is one: as nextest, IDEs
/// and people who debug a test start it.
fn only_test<'a>(args: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Options of libtest whose value is the next argument.
    const WITH_VALUE: [&str; 7] = [
        "--color",
        "--format",
        "--logfile",
        "--shuffle-seed",
        "--skip",
        "--test-threads",
        "-Z",
    ];
    let (mut exact, mut tests) = (false, Vec::new());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg {
            "--" => tests.extend(args.by_ref()),
            "--exact" => exact = true,
            option if WITH_VALUE.contains(&option) => drop(args.next()),
            option if option.starts_with('-') => {}
            // An unknown option's value counts, too: then it seems to be several.
            test => tests.push(test),
        }
    }
    match (exact, &*tests) {
        (true, [test]) => Some(test),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::only_test;

    #[track_caller]
    fn is_one(args: &str, expected: Option<&str>) {
        assert_eq!(only_test(args.split_whitespace()), expected, "{args}");
    }

    #[test]
    fn one_test_is_one_name_and_exact() {
        let one = Some("users::lists");
        is_one("--exact users::lists --nocapture", one); // nextest
        is_one("users::lists --exact --ignored --nocapture", one);
        is_one("--test-threads 1 --exact users::lists", one);
        is_one("--test-threads=1 --skip other --exact -- users::lists", one);
        is_one("users::lists --nocapture --exact -Z unstable-options", one);
    }

    #[test]
    fn what_may_be_several_is_not_one() {
        for several in [
            "",
            "--test-threads=1",
            "users::lists",
            "--exact",
            "--exact users::lists users::adds",
            "--exact --new-option value users::lists",
            "-- --exact users::lists",
            "--skip --exact users::lists",
        ] {
            is_one(several, None);
        }
    }
}
