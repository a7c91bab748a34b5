//! Hooks that block on a runtime of their own.

use name_manager::{BoxError, Lease, Name, Reset, Resource, shared_resource};

#[derive(Default)]
struct Client;

fn block_on(what: &str, name: &str) -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(tokio::task::yield_now());
    app::say("start", what, name, "");
    Ok(())
}

#[name_manager::resource(pool = "async")]
impl Resource for Client {
    fn setup(&self) -> Result<(), BoxError> {
        block_on("setup", "-")
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        block_on("init", name)
    }

    fn reset(&self, name: &Name, _why: Reset<'_>) -> Result<(), BoxError> {
        block_on("reset", name)
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        block_on("cleanup", name)
    }

    fn teardown(&self) -> Result<(), BoxError> {
        block_on("teardown", "-")
    }
}

async fn body(lease: &Lease) {
    tokio::task::yield_now().await;
    app::say("start", "body", lease, "");
}

#[shared_resource(pool = "async", max = 1, arg = lease)]
#[tokio::test]
async fn one_thread(lease: Lease) {
    body(&lease).await;
}

#[shared_resource(pool = "async", max = 1, arg = lease)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_threads(lease: Lease) {
    body(&lease).await;
}

#[shared_resource(pool = "async", max = 1, access = "shared", arg = lease)]
#[tokio::test]
async fn shared(lease: Lease) {
    body(&lease).await;
}

#[shared_resource(pool = "async", max = 1, arg = lease)]
#[test]
fn synchronous(lease: Lease) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(body(&lease));
}
