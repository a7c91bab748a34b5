//! Asking a test binary for its annotated tests.

use std::process::Command;

use crate::base::json;
use crate::config::variables;
use crate::modes::listing::print::MODE;
use crate::modes::listing::test::{Request, Test, VERSION};
use crate::terms::name;

json::object!(read Test { v as "name-manager-test", test, path, file, requests });
json::object!(read Request { pool, shared, count, all, name, size, open, allocator, dir, error });

/// Makes the command print its annotated tests. Safe for any test binary: one that
/// knows nothing of this lists its tests by libtest, and runs none.
pub fn ask(binary: &mut Command) {
    binary.env(variables::MODE, MODE);
    binary.args(["--list", "--format", "terse"]);
}

/// The annotated tests in what a binary printed.
pub fn parse(printed: &str) -> impl Iterator<Item = Test> {
    let tests = printed
        .lines()
        .filter_map(|line| json::from_slice::<Test>(line.as_bytes()));
    tests.filter(|test| test.v == VERSION && test.requests.iter().all(Request::is_sound))
}

impl Request {
    /// Whether an attribute can ask for it, or it says why not.
    fn is_sound(&self) -> bool {
        let can_be = self.count > 0 && self.size != Some(0);
        self.error.is_some() || (can_be && name::check_pool(&self.pool).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_output_is_no_annotated_test() {
        let printed = concat!(
            "lists_users: test\n",
            "{\"name-manager-test\":9,\"test\":\"a\",\"path\":\"t::a\",\"file\":\"t.rs\",\"requests\":[]}\n",
            "{\"name-manager-test\":1,\"test\":\"a\",\"path\":\"t::a\",\"file\":\"t.rs\",\"requests\":[]}\n",
            "{\"name-manager-test\":1,\"tes",
        );
        let tests: Vec<_> = parse(printed).map(|test| test.path).collect();
        assert_eq!(tests, ["t::a"]);
    }

    #[test]
    fn what_no_attribute_can_ask_for_is_no_annotated_test() {
        let printed = |pool: &str, count: u32, size: &str| {
            format!(
                r#"{{"name-manager-test":1,"test":"a","path":"t::a","file":"t.rs","requests":[{{"pool":"{pool}","shared":false,"count":{count},"all":false,"name":null,"size":{size},"open":false,"dir":null,"error":null}}]}}"#
            )
        };
        assert_eq!(parse(&printed("db", 1, "2")).count(), 1);
        for none in [
            printed("db", 0, "2"),
            printed("db", 1, "0"),
            printed("a]", 1, "2"),
        ] {
            assert_eq!(parse(&none).count(), 0, "{none}");
        }
    }
}
