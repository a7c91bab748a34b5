//! The attribute above the test attributes of other crates.

#![deny(warnings)]

use name_manager::{Lease, shared_resource};

fn check(lease: &Lease) {
    assert!(["runtimes-0", "runtimes-1"].contains(&&***lease));
}

#[shared_resource(pool = "runtimes", max = 2)]
#[actix_rt::test]
async fn actix(runtimes: Lease) {
    actix_rt::task::yield_now().await;
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[async_std::test]
async fn async_std(runtimes: Lease) -> std::io::Result<()> {
    async_std::task::yield_now().await;
    check(&runtimes);
    Ok(())
}

#[shared_resource(pool = "runtimes", max = 2)]
#[smol_potat::test]
async fn smol_potat(runtimes: Lease) {
    std::future::ready(()).await;
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[googletest::test]
fn googletest(runtimes: Lease) -> googletest::Result<()> {
    check(&runtimes);
    googletest::verify_that!(runtimes.len(), googletest::matchers::eq(10))
}

#[shared_resource(pool = "runtimes", max = 2)]
#[googletest::gtest]
#[tokio::test]
async fn gtest(runtimes: Lease) {
    tokio::task::yield_now().await;
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[quickcheck_macros::quickcheck]
fn quickcheck(x: u8, runtimes: Lease) -> bool {
    check(&runtimes);
    u16::from(x) < 256
}

#[shared_resource(pool = "runtimes", max = 2)]
#[test_log::test]
fn test_log(runtimes: Lease) {
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[test_log::test(tokio::test)]
async fn test_log_tokio(runtimes: Lease) {
    tokio::task::yield_now().await;
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[test_strategy::proptest(cases = 3)]
fn test_strategy(#[strategy(0..9_u8)] x: u8, runtimes: Lease) {
    assert!(x < 9);
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[test]
#[serial_test::serial]
fn serial(runtimes: Lease) {
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[rstest::rstest]
#[timeout(std::time::Duration::from_secs(60))]
#[case(1)]
#[actix_rt::test]
async fn rstest_actix_timeout(#[case] one: u32, runtimes: Lease) {
    assert_eq!(one, 1);
    check(&runtimes);
}

#[shared_resource(pool = "runtimes", max = 2)]
#[rstest::rstest]
#[timeout(std::time::Duration::from_secs(60))]
fn rstest_timeout(runtimes: Lease) {
    check(&runtimes);
}

/// Below them it fills no parameter.
mod below {
    use name_manager::{Pool, shared_resource};

    fn check() {
        let again = Pool::open("runtimes-below").unwrap().acquire();
        assert!(again.unwrap_err().is_already_held());
    }

    #[actix_rt::test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    async fn actix() {
        actix_rt::task::yield_now().await;
        check();
    }

    #[async_std::test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    async fn async_std() -> std::io::Result<()> {
        async_std::task::yield_now().await;
        check();
        Ok(())
    }

    #[smol_potat::test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    async fn smol_potat() {
        std::future::ready(()).await;
        check();
    }

    #[googletest::gtest]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn gtest() -> googletest::Result<()> {
        check();
        Ok(())
    }

    #[quickcheck_macros::quickcheck]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn quickcheck(x: u8) -> bool {
        check();
        u16::from(x) < 256
    }

    #[test_log::test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn test_log() {
        check();
    }

    #[test_log::test(tokio::test)]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    async fn test_log_tokio() {
        tokio::task::yield_now().await;
        check();
    }

    #[test_strategy::proptest(cases = 3)]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn test_strategy(#[strategy(0..9_u8)] x: u8) {
        assert!(x < 9);
        check();
    }

    #[test]
    #[serial_test::serial]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn serial() {
        check();
    }

    // Run on WebAssembly alone, but compiled here too.
    #[wasm_bindgen_test::wasm_bindgen_test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    fn wasm_bindgen() {
        check();
    }

    #[wasm_bindgen_test::wasm_bindgen_test]
    #[shared_resource(pool = "runtimes-below", max = 1)]
    async fn wasm_bindgen_later() {
        std::future::ready(()).await;
        check();
    }
}
