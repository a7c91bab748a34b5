use name_manager::{BoxError, FromLease, Lease, shared_resource};

#[shared_resource(pool = "params", max = 2)]
#[test]
fn bears_the_pools_name(params: Lease) {
    assert!(["params-0", "params-1"].contains(&params.to_string().as_str()));
}

#[shared_resource(pool = "params", max = 2)]
#[test]
fn may_start_with_an_underscore(_params: Lease) {}

#[shared_resource(pool = "params", max = 2, arg = store)]
#[test]
fn is_named_by_arg(store: Lease) {
    assert!(store.starts_with("params-"));
}

#[shared_resource(pool = "params-with-dashes")]
#[test]
fn has_underscores_for_dashes(params_with_dashes: Lease) {
    assert!(params_with_dashes.starts_with("params-with-dashes-"));
}

#[shared_resource(pool = "type")]
#[test]
fn may_be_a_keyword(r#type: Lease) {
    assert!(r#type.starts_with("type-"));
}

#[shared_resource(pool = "params", max = 2)]
#[test]
fn is_not_needed() {}

#[shared_resource(pool = "params", max = 2)]
#[test]
fn may_be_mutable(mut params: Vec<Lease>) {
    let lease = params.pop().unwrap();
    assert!(lease.starts_with("params-"));
}

#[shared_resource(pool = "params", max = 2)]
#[test]
fn may_have_attributes(#[allow(unused_variables)] params: Lease) {}

struct Client {
    url: String,
    _lease: Lease,
}

impl FromLease for Client {
    fn from_lease(lease: Lease) -> Result<Client, BoxError> {
        let url = format!("postgres://localhost/{lease}");
        Ok(Client { url, _lease: lease })
    }
}

#[shared_resource(pool = "params", max = 2)]
#[test]
fn is_made_from_the_lease(params: Client) {
    assert!(params.url.starts_with("postgres://localhost/params-"));
}

#[shared_resource(pool = "params-two", max = 2, count = 2)]
#[test]
fn are_many_with_count(params_two: Vec<Lease>) {
    let mut names: Vec<String> = params_two.iter().map(Lease::to_string).collect();
    names.sort();
    assert_eq!(names, ["params-two-0", "params-two-1"]);
}

#[shared_resource(pool = "params-three", max = 3, all)]
#[test]
fn are_many_with_all(params_three: Vec<Client>) {
    assert_eq!(params_three.len(), 3);
}

#[shared_resource(pool = "params-b")]
#[shared_resource(pool = "params-a")]
#[shared_resource(pool = "params-c", arg = last)]
#[test]
fn come_from_several_pools(last: Lease, params_a: Lease, params_b: Client) {
    assert!(last.starts_with("params-c-"));
    assert!(params_a.starts_with("params-a-"));
    assert!(params_b.url.contains("params-b-"));
}

#[test]
fn several_attributes_are_one_request() {
    assert_eq!(
        crate::pools("parameters::come_from_several_pools"),
        ["params-b", "params-a", "params-c"]
    );
}
