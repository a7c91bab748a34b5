//! Tests as users of serial_test have them.

mod see;

use serial_test::{
    file_parallel, file_serial, is_locked_file_serially, is_locked_serially, parallel, serial,
};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Whoever is first waits until the other waits for it.
fn alone(begun: &AtomicUsize, pool: &str) {
    if begun.fetch_add(1, SeqCst) == 0 {
        see::until(pool, "waiting", 1);
        assert_eq!(begun.load(SeqCst), 1, "the other runs, too");
    }
}

mod one_at_a_time {
    use super::*;

    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    static FILE: AtomicUsize = AtomicUsize::new(0);

    #[test]
    #[serial]
    fn serial_a() {
        alone(&SERIAL, "serial");
    }

    #[test]
    #[serial]
    fn serial_b() {
        alone(&SERIAL, "serial");
    }

    #[test]
    #[file_serial]
    fn file_a() {
        alone(&FILE, "file-serial");
    }

    #[test]
    #[file_serial]
    fn file_b() {
        alone(&FILE, "file-serial");
    }
}

/// Tests that run at once, or stand still.
mod together {
    use super::*;

    static READERS: AtomicUsize = AtomicUsize::new(0);
    static FILE_READERS: AtomicUsize = AtomicUsize::new(0);
    static KEYS: AtomicUsize = AtomicUsize::new(0);

    #[test]
    #[parallel]
    fn readers_a() {
        assert!(!is_locked_serially(None));
        see::meet(&READERS, 2);
    }

    #[test]
    #[parallel]
    fn readers_b() {
        see::meet(&READERS, 2);
    }

    #[test]
    #[file_parallel]
    fn file_readers_a() {
        see::meet(&FILE_READERS, 2);
        assert!(!is_locked_file_serially(None, None));
    }

    #[test]
    #[file_parallel]
    fn file_readers_b() {
        see::meet(&FILE_READERS, 2);
    }

    #[test]
    #[serial(key)]
    fn keys_a() {
        see::meet(&KEYS, 5);
    }

    #[test]
    #[serial(Key)]
    fn keys_b() {
        see::meet(&KEYS, 5);
    }

    #[test]
    #[serial]
    fn keys_c() {
        see::meet(&KEYS, 5);
    }

    #[test]
    #[file_serial(key)]
    fn keys_d() {
        see::meet(&KEYS, 5);
    }

    #[test]
    #[file_serial(key, path => "key.lock")]
    fn keys_e() {
        see::meet(&KEYS, 5);
    }
}

/// What waits for two keys, while others have one each.
mod several {
    use super::*;

    #[test]
    #[serial(left, right)]
    fn both() {
        assert!(is_locked_serially(Some("left")) && is_locked_serially(Some("right")));
        assert!(!is_locked_serially(None));
    }

    #[test]
    #[serial(right, left, left,)]
    fn both_in_another_order() {
        assert!(is_locked_serially(Some("left")) && is_locked_serially(Some("right")));
    }

    #[test]
    #[parallel(right, left)]
    fn both_beside_others() {
        assert!(!is_locked_serially(Some("left")) && !is_locked_serially(Some("right")));
    }

    #[test]
    #[file_serial(right, left)]
    fn both_of_all_processes() {
        assert!(is_locked_file_serially(Some("left"), None));
        assert!(is_locked_file_serially(Some("right"), None));
        assert!(!is_locked_file_serially(Some("middle"), None));
        assert!(!is_locked_serially(Some("left")));
    }
}

/// The attributes on everything they go on.
mod everywhere {
    use super::*;

    fn check() {
        assert!(is_locked_serially(Some("here")));
    }

    #[serial(here)]
    #[test]
    fn above() {
        check();
    }

    #[serial(here)]
    #[test]
    fn with_a_result() -> Result<(), String> {
        check();
        "7".parse::<u8>().map_err(|error| error.to_string())?;
        Ok(())
    }

    #[test]
    #[serial(here)]
    fn with_a_result_below() -> Result<Result<(), ()>, String> {
        check();
        Ok(Ok(()))
    }

    #[test]
    #[should_panic(expected = "as it should")]
    #[serial(here)]
    fn that_panics() {
        check();
        panic!("as it should");
    }

    #[test]
    #[ignore]
    #[serial(here)]
    fn that_is_ignored() {
        unreachable!();
    }

    #[tokio::test]
    #[serial(here)]
    async fn asynchronous() {
        check();
        tokio::task::yield_now().await;
        check();
    }

    #[serial(here)]
    #[tokio::test(flavor = "multi_thread")]
    async fn asynchronous_above() -> Result<(), String> {
        check();
        tokio::task::yield_now().await;
        Ok(())
    }

    #[rstest::rstest]
    #[case(1)]
    #[case(2)]
    #[serial(here)]
    fn cases(#[case] number: u8) {
        check();
        assert!(number > 0);
    }

    #[test_case::test_case(3)]
    #[serial(here)]
    fn test_cases(number: u8) {
        check();
        assert_eq!(number, 3);
    }

    struct Client(u8);

    impl Client {
        #[serial(here)]
        fn method(&self, more: u8) -> u8 {
            check();
            self.0 + more
        }
    }

    #[serial(here)]
    async fn later() -> Result<u8, ()> {
        check();
        Ok(4)
    }

    #[tokio::test]
    async fn functions_that_are_no_tests() {
        assert_eq!(Client(3).method(4), 7);
        assert_eq!(later().await, Ok(4));
        assert!(!is_locked_serially(Some("here")));
    }

    #[tokio::test]
    async fn on_a_thread_of_the_runtime() {
        #[serial(spawned)]
        async fn spawned() -> u8 {
            tokio::task::yield_now().await;
            5
        }

        assert_eq!(tokio::spawn(spawned()).await.unwrap(), 5);
    }

    mod reexported {
        pub use serial_test;
    }

    #[test]
    #[serial(crate = reexported::serial_test, here)]
    fn through_another_crate() {
        check();
    }

    #[test]
    #[serial(here, inner_attrs = [allow(unused_variables), test_case::test_case(1; "unused")])]
    #[cfg(any())]
    fn inner_attributes_that_make_tests() {}

    #[test]
    #[serial(here, inner_attrs = [allow(unused_variables), inline(never)])]
    fn with_inner_attributes() -> Result<(), ()> {
        let unused = 3;
        check();
        Ok(())
    }

    #[tokio::test]
    #[file_parallel(inner_attrs = [allow(unused_variables)])]
    async fn with_inner_attributes_asynchronous() {
        let unused = 3;
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
#[serial(module)]
mod modules {
    use super::*;

    fn not_a_test() -> bool {
        is_locked_serially(Some("module"))
    }

    #[test]
    fn test() {
        assert!(not_a_test());
    }

    #[tokio::test]
    async fn asynchronous() {
        assert!(not_a_test());
    }

    #[test]
    #[serial(own)]
    fn with_a_key_of_its_own() {
        assert!(not_a_test() && is_locked_serially(Some("own")));
    }

    #[test]
    #[parallel(own)]
    fn that_reads_beside_others() {
        assert!(not_a_test() && !is_locked_serially(Some("own")));
    }

    /// As one that is called by a test that reads: it would wait for itself.
    #[test]
    #[parallel(module)]
    #[should_panic(expected = "already holds")]
    fn that_reads_what_its_module_writes() {}

    mod inside {
        #[test]
        fn goes_its_own_way() {
            assert!(!super::not_a_test());
        }
    }
}

/// One test calls another of the same key.
mod again {
    use super::*;

    #[test]
    #[serial(again)]
    fn inner() {
        assert!(is_locked_serially(Some("again")));
    }

    #[test]
    #[serial(again)]
    fn outer() {
        inner();
        reader();
        assert!(is_locked_serially(Some("again")));
    }

    #[test]
    #[parallel(again)]
    fn reader() {}

    #[test]
    #[parallel(again)]
    fn reader_calls_reader() {
        reader();
    }

    #[test]
    #[file_serial(again)]
    fn of_all_processes() {
        of_all_processes_inner();
        assert!(is_locked_file_serially(Some("again"), None));
    }

    #[file_serial(again)]
    fn of_all_processes_inner() {}

    #[file_serial(again)]
    #[serial(again)]
    #[test]
    fn both_kinds() {
        assert!(is_locked_serially(Some("again")));
        assert!(is_locked_file_serially(Some("again"), None));
    }

    /// It would wait for itself.
    #[test]
    #[parallel(again)]
    #[should_panic(expected = "already")]
    fn reader_calls_writer() {
        inner();
    }

    /// The last of them gives the key back.
    #[tokio::test]
    async fn two_at_once_on_one_thread() {
        #[serial(at_once)]
        async fn first() {}

        #[serial(at_once)]
        async fn second(yields: u8) {
            for _ in 0..yields {
                tokio::task::yield_now().await;
                assert!(is_locked_serially(Some("at_once")));
            }
        }

        tokio::join!(first(), second(3));
        assert!(!is_locked_serially(Some("at_once")));
    }
}

/// Without attributes.
mod functions {
    use super::*;
    use serial_test::*;

    #[test]
    fn with_keys_of_the_process() {
        local_serial_core(vec!["one", "two"], None, || {
            assert!(is_locked_serially(Some("one")) && is_locked_serially(Some("two")));
        });
        local_serial_core(vec![""], None, || assert!(is_locked_serially(None)));
        local_parallel_core(vec!["one"], None, || {
            assert!(!is_locked_serially(Some("one")));
        });
        let result = local_serial_core_with_return(vec!["one"], None, || "x".parse::<u8>());
        assert!(result.is_err());
        assert_eq!(
            local_parallel_core_with_return(vec!["one"], None, || Err::<(), u8>(1)),
            Err(1)
        );
        assert!(!is_locked_serially(Some("one")));
    }

    #[test]
    fn with_keys_of_all_processes() {
        fs_serial_core(vec!["Any text: of 1 key"], None, || {
            assert!(is_locked_file_serially(Some("Any text: of 1 key"), None));
        });
        fs_serial_core(vec!["one"], Some("one.lock"), || {
            assert!(is_locked_file_serially(None, Some("./one.lock")));
            assert!(!is_locked_file_serially(Some("one"), None));
        });
        fs_parallel_core(vec!["two"], None, || {
            assert!(!is_locked_file_serially(Some("two"), None));
        });
        assert_eq!(fs_serial_core_with_return(vec!["two"], None, || Ok::<(), ()>(())), Ok(()));
        assert_eq!(fs_parallel_core_with_return(vec!["two"], None, || Ok::<(), ()>(())), Ok(()));
    }

    #[test]
    #[should_panic(expected = "a path is one lock")]
    fn a_path_is_for_one_key() {
        fs_serial_core(vec!["one", "two"], Some("one.lock"), || unreachable!());
    }

    #[tokio::test]
    async fn asynchronous() {
        local_async_serial_core(vec!["three"], None, async {
            assert!(is_locked_serially(Some("three")));
        })
        .await;
        local_async_parallel_core(vec!["three"], None, async {}).await;
        fs_async_serial_core(vec!["three"], None, async {
            assert!(is_locked_file_serially(Some("three"), None));
        })
        .await;
        fs_async_parallel_core(vec!["three"], None, async {}).await;
        let two = || async { Err::<(), u8>(2) };
        assert_eq!(local_async_serial_core_with_return(vec![""], None, two()).await, Err(2));
        assert_eq!(local_async_parallel_core_with_return(vec![""], None, two()).await, Err(2));
        assert_eq!(fs_async_serial_core_with_return(vec![""], None, two()).await, Err(2));
        assert_eq!(fs_async_parallel_core_with_return(vec![""], None, two()).await, Err(2));
    }

    #[test]
    fn a_panic_gives_the_keys_back() {
        for function in [local_serial_core, local_parallel_core, fs_serial_core, fs_parallel_core] {
            let panics = || function(vec!["panic"], None, || panic!("as it should"));
            std::panic::catch_unwind(panics).unwrap_err();
        }
        assert!(!is_locked_serially(Some("panic")));
        assert!(!is_locked_file_serially(Some("panic"), None));
        fs_serial_core(vec!["panic"], None, || {});
    }

    #[test]
    fn another_thread_does_not_hold_the_key() {
        local_serial_core(vec!["thread"], None, || {
            let other = std::thread::spawn(|| is_locked_serially(Some("thread")));
            assert!(!other.join().unwrap());
        });
    }
}
