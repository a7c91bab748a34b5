use crate::requests;
use name_manager::{Lease, shared_resource};
use proptest::{prop_assert, proptest};
use rstest::{fixture, rstest};
use test_case::test_case;

#[fixture]
fn seven() -> u32 {
    7
}

#[shared_resource(pool = "parametrised", max = 2)]
#[rstest]
fn rstest_fixture(seven: u32, parametrised: Lease) {
    assert_eq!(seven, 7);
    assert!(parametrised.starts_with("parametrised-"));
}

#[shared_resource(pool = "parametrised", max = 2)]
#[rstest]
#[case(1, 1)]
#[case::double(2, 4)]
fn rstest_cases(#[case] x: u32, parametrised: Lease, #[case] square: u32) {
    assert_eq!(x * x, square);
    assert!(parametrised.starts_with("parametrised-"));
}

#[shared_resource(pool = "parametrised", max = 2)]
#[rstest]
#[case(1)]
#[tokio::test]
async fn rstest_async(#[case] x: u32, #[values(2, 3)] y: u32, parametrised: Lease) {
    assert!(x < y);
    assert!(parametrised.starts_with("parametrised-"));
}

#[shared_resource(pool = "parametrised", max = 2)]
#[test_case(1; "one")]
#[test_case(2; "two")]
fn test_cases(x: u32, parametrised: Lease) {
    assert!(x < 3);
    assert!(parametrised.starts_with("parametrised-"));
}

#[shared_resource(pool = "parametrised", max = 2)]
#[test_case(1 => Ok(2))]
fn test_case_result(x: u32, parametrised: Lease) -> Result<u32, String> {
    assert!(parametrised.starts_with("parametrised-"));
    Ok(x + 1)
}

#[shared_resource(pool = "parametrised", max = 2)]
#[test_case(1)]
#[tokio::test]
async fn test_case_async(x: u32, parametrised: Lease) {
    assert_eq!(x, 1);
    assert!(parametrised.starts_with("parametrised-"));
}

const PROPERTY: u32 = line!() + 3;

proptest! {
    #[shared_resource(pool = "parametrised", max = 2)]
    #[test]
    fn property(x in 0..100_u32) {
        prop_assert!(x < 100);
    }
}

#[test]
fn a_property_test_is_annotated_where_it_stands() {
    let request = &requests("parametrised::property")[0];
    assert_eq!(request.max, Some(2));
    assert_eq!(request.line, PROPERTY);
}
