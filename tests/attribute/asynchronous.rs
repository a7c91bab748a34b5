use macro_rules_attribute::apply;
use name_manager::{Lease, shared_resource};
use smol_macros::{Executor, test};

#[shared_resource(pool = "asynchronous")]
#[tokio::test]
async fn tokio_current_thread(asynchronous: Lease) {
    tokio::task::yield_now().await;
    assert!(asynchronous.starts_with("asynchronous-"));
}

#[shared_resource(pool = "asynchronous")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_multi_thread(asynchronous: Lease) -> Result<(), Box<dyn std::error::Error>> {
    let name = asynchronous.to_string();
    let name = tokio::spawn(async move { name }).await?;
    assert_eq!(name, asynchronous.to_string());
    Ok(())
}

#[shared_resource(pool = "asynchronous")]
#[tokio::test]
#[should_panic(expected = "lent asynchronous-")]
async fn tokio_should_panic(asynchronous: Lease) {
    tokio::task::yield_now().await;
    panic!("lent {asynchronous}");
}

// The other way to have a runtime: the lease crosses threads.
#[shared_resource(pool = "asynchronous")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_can_be_sent_to_a_task(asynchronous: Lease) {
    let task = tokio::spawn(async move { asynchronous.starts_with("asynchronous-") });
    assert!(task.await.unwrap());
}

#[shared_resource(pool = "asynchronous")]
#[apply(test!)]
async fn smol(asynchronous: Lease) {
    std::future::ready(()).await;
    assert!(asynchronous.starts_with("asynchronous-"));
}

#[shared_resource(pool = "asynchronous")]
#[apply(test!)]
async fn smol_with_its_executor(executor: &Executor<'_>, asynchronous: Lease) {
    let one = executor.spawn(async { 1 }).await;
    assert_eq!(one, 1);
    assert!(asynchronous.starts_with("asynchronous-"));
}

#[test]
#[ignore = "builds actix, async-std and others: a minute and more"]
fn above_the_test_attributes_of_other_crates() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attribute/runtimes");
    let status = std::process::Command::new(env!("CARGO"))
        .arg("test")
        .current_dir(here)
        .status()
        .unwrap();
    assert!(status.success());
}
