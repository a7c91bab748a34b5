//! Code that reads its environment, and tests that set it.

use std::{env, iter, thread};

use name_manager::{
    Allocator, Asked, Assigned, Assignment, BoxError, Lease, Name, Pool, Reset, Resource,
    shared_resource,
};

/// The code under test.
fn connect() -> String {
    env::var("DATABASE_URL").expect("DATABASE_URL is set")
}

fn url_of(lease: &Name) -> String {
    format!("postgres://localhost/{lease}")
}

/// Tests that must pass in a process of their own.
mod alone {
    use super::*;

    #[shared_resource(pool = "db", set_env)]
    #[test]
    fn plain(db: Lease) {
        assert_eq!(connect(), url_of(&db));
        assert_eq!(db.env("DATABASE_URL"), Some(connect()));
    }

    #[shared_resource(pool = "db", set_env = true)]
    #[test]
    fn without_a_parameter() {
        assert!(connect().starts_with("postgres://localhost/db-"));
    }

    #[shared_resource(pool = "db", set_env)]
    #[test]
    #[should_panic(expected = "postgres://localhost/db-")]
    fn that_panics() {
        panic!("{}", connect());
    }

    #[shared_resource(pool = "db", set_env)]
    #[tokio::test]
    async fn asynchronous(db: Lease) {
        assert_eq!(connect(), url_of(&db));
    }

    #[shared_resource(pool = "db", set_env)]
    #[tokio::test]
    async fn asynchronous_with_threads_of_its_own(db: Lease) {
        let elsewhere = tokio::task::spawn_blocking(connect).await;
        assert_eq!(elsewhere.unwrap(), url_of(&db));
        assert_eq!(thread::spawn(connect).join().unwrap(), url_of(&db));
    }

    #[shared_resource(pool = "db", set_env)]
    #[rstest::rstest]
    #[case(1)]
    #[case(2)]
    fn cases(db: Lease, #[case] number: u8) {
        assert!(number > 0);
        assert_eq!(connect(), url_of(&db));
    }

    #[test]
    #[shared_resource(pool = "db", set_env)]
    fn below_the_test_attribute() {
        assert!(connect().starts_with("postgres://localhost/db-"));
    }

    #[cfg(unix)]
    #[shared_resource(pool = "db", set_env)]
    #[test]
    fn a_child_inherits_it(db: Lease) {
        let mut shell = std::process::Command::new("sh");
        let said = shell.args(["-c", "printf %s \"$DATABASE_URL\""]).output();
        assert_eq!(said.unwrap().stdout, url_of(&db).into_bytes());
    }

    #[shared_resource(pool = "db", count = 2, set_env)]
    #[test]
    fn several_names(db: Vec<Lease>) {
        let urls: Vec<_> = db.iter().map(|db| url_of(db)).collect();
        assert_eq!(connect(), urls.join(","));
    }

    #[shared_resource(pool = "mail", set_env)]
    #[shared_resource(pool = "db", set_env)]
    #[shared_resource(pool = "twin")]
    #[test]
    fn several_pools(db: Lease, mail: Lease, twin: Lease) {
        assert_eq!(connect(), url_of(&db));
        assert_eq!(env::var("MAIL_PORT").ok(), mail.env("MAIL_PORT"));
        assert!(twin.env("DATABASE_URL").is_some());
    }

    #[shared_resource(pool = "assigned", set_env)]
    #[test]
    fn what_an_allocator_gives(assigned: Lease) {
        assert_eq!(env::var("PORT").ok(), assigned.env("PORT"));
        assert!(assigned.env("PORT").is_some());
    }

    #[shared_resource(pool = "hooked", set_env)]
    #[test]
    fn after_hooks_whose_threads_have_ended(hooked: Lease) {
        assert_eq!(connect(), url_of(&hooked));
    }

    #[shared_resource(pool = "hooked", set_env)]
    #[tokio::test]
    async fn after_hooks_on_a_thread(hooked: Lease) {
        assert_eq!(connect(), url_of(&hooked));
    }

    #[shared_resource(pool = "db", set_env)]
    mod in_a_module {
        use super::*;

        #[test]
        fn every_test(db: Lease) {
            assert_eq!(connect(), url_of(&db));
        }

        #[shared_resource(pool = "db")]
        #[test]
        fn but_not_one_with_an_attribute_of_its_own(db: Lease) {
            assert_ne!(env::var("DATABASE_URL"), Ok(url_of(&db)));
        }
    }

    #[shared_resource(pool = "db", set_env)]
    fn helper() -> String {
        connect()
    }

    #[test]
    fn by_a_helper() {
        assert!(helper().starts_with("postgres://localhost/db-"));
        // It stays, and what comes next overwrites it.
        let pool = Pool::open("db").unwrap();
        let leases = pool.request().name("db-7").set_env().acquire().unwrap();
        assert_eq!(connect(), url_of(&leases[0]));
        drop(leases);
        // Another process may be about to take a name.
        let mut tries = iter::repeat_with(|| pool.request().set_env().try_acquire().unwrap());
        let leases = tries.find_map(|leases| leases).unwrap();
        assert_eq!(connect(), url_of(&leases[0]));
        drop(leases);
        assert!(connect().starts_with("postgres://localhost/db-"));
    }
}

/// A test that must fail among others.
mod among {
    use super::*;

    #[shared_resource(pool = "apart", set_env)]
    #[test]
    fn one_test() {
        assert_eq!(env::var("HOST").as_deref(), Ok("apart-0"));
    }
}

/// Tests that must fail in any process.
mod refused {
    use super::*;

    #[shared_resource(pool = "db", set_env)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn among_threads_of_a_runtime() {}

    #[shared_resource(pool = "db", set_env)]
    #[rstest::rstest]
    #[timeout(std::time::Duration::from_secs(600))]
    fn on_a_thread_that_is_timed() {}

    #[shared_resource(pool = "left-behind", set_env)]
    #[test]
    fn after_hooks_that_left_a_thread() {}

    #[shared_resource(pool = "db", set_env)]
    #[shared_resource(pool = "twin", set_env)]
    #[test]
    fn one_variable_of_two_pools() {}

    #[shared_resource(pool = "db", set_env)]
    #[test]
    fn one_variable_of_two_leases() {
        let twin = Pool::open("twin").unwrap();
        let error = twin.request().set_env().acquire().unwrap_err();
        panic!("{error}");
    }

    #[shared_resource(pool = "plain", set_env)]
    #[test]
    fn a_pool_without_variables() {}

    #[test]
    fn on_a_thread_of_the_test() {
        let db = Pool::open("db").unwrap();
        let thread = thread::spawn(move || db.request().set_env().acquire().map(drop));
        panic!("{}", thread.join().unwrap().unwrap_err());
    }
}

/// Of which the second waits.
mod waits {
    use super::*;

    #[shared_resource(pool = "one", set_env)]
    #[test]
    fn first() {
        let go = env::var("GO").unwrap();
        // The bound only ends what would hang.
        for _ in 0..100_000 {
            if std::path::Path::new(&go).exists() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("never");
    }

    #[shared_resource(pool = "one", set_env)]
    #[test]
    fn second(one: Lease) {
        assert_eq!(connect(), url_of(&one));
    }

    #[shared_resource(pool = "one", name = "one-0", set_env)]
    #[test]
    fn third(one: Lease) {
        assert_eq!(connect(), url_of(&one));
    }
}

/// The hooks use threads, and end them.
#[derive(Default)]
struct Hooked;

#[name_manager::resource(pool = "hooked")]
impl Resource for Hooked {
    fn init(&self, _name: &Name) -> Result<(), BoxError> {
        thread::scope(|scope| {
            scope.spawn(|| env::var("PATH").is_ok());
        });
        Ok(())
    }

    fn reset(&self, name: &Name, _why: Reset<'_>) -> Result<(), BoxError> {
        self.init(name)
    }
}

#[derive(Default)]
struct LeftBehind;

#[name_manager::resource(pool = "left-behind")]
impl Resource for LeftBehind {
    fn init(&self, _name: &Name) -> Result<(), BoxError> {
        let thread = thread::Builder::new().name("left behind".to_owned());
        thread.spawn(|| {
            loop {
                thread::park();
            }
        })?;
        Ok(())
    }
}

#[derive(Default)]
struct Ports;

#[name_manager::resource(pool = "assigned")]
impl Allocator for Ports {
    type State = ();

    fn load(&self, _text: &str) -> Result<(), BoxError> {
        Ok(())
    }

    fn save(&self, _state: &()) -> String {
        String::new()
    }

    fn assign(&self, _state: &mut (), asked: &Asked<'_>) -> Assignment {
        let _ = asked;
        Assigned::name("port-4000").env("PORT", "4000").into()
    }

    fn release(&self, _state: &mut (), _name: &str) {}
}
