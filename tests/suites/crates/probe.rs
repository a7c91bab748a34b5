//! Tests that say what they were lent, of pools that are configured elsewhere.

mod meet;

use name_manager::{Access, Lease, Pool, shared_resource};

fn say(lease: &Lease) {
    let capacity = Pool::open(lease.pool()).unwrap().capacity();
    let capacity = capacity.map_or("ever more".to_owned(), |capacity| capacity.to_string());
    println!("lent {lease} of {capacity}");
}

#[shared_resource(pool = "bare")]
#[test]
fn bare(bare: Lease) {
    say(&bare);
    println!("with URL {:?}", bare.env("URL"));
}

#[shared_resource(pool = "bare", name = "bare-7")]
#[test]
fn seventh(bare: Lease) {
    say(&bare);
}

#[shared_resource(pool = "bare", count = 3)]
#[test]
fn three(bare: Vec<Lease>) {
    bare.iter().for_each(say);
}

#[shared_resource(pool = "bare", all)]
#[test]
fn all(bare: Vec<Lease>) {
    bare.iter().for_each(say);
}

#[shared_resource(pool = "sized", max = 3)]
#[test]
fn sized(sized: Lease) {
    say(&sized);
}

#[shared_resource(pool = "listed", names = ["red", "green"])]
#[test]
fn listed(listed: Lease) {
    say(&listed);
}

#[shared_resource(pool = "listed", all)]
#[test]
fn all_listed(listed: Vec<Lease>) {
    listed.iter().for_each(say);
}

#[shared_resource(pool = "held", max = 1)]
#[test]
fn holder() {
    meet::until_told();
}

#[shared_resource(pool = "held", max = 1, wait_timeout = "30ms")]
#[test]
fn impatient() {}

#[test]
fn by_hand() {
    let timeout = std::time::Duration::from_millis(5);
    let request = Pool::open("held").unwrap().request().access(Access::Shared);
    request.timeout(timeout).acquire().unwrap();
}
