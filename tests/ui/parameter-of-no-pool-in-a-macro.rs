use name_manager::shared_resource;

macro_rules! test {
    ($name:ident, $pattern:pat) => {
        #[shared_resource(pool = "db")]
        #[test]
        fn $name($pattern: u8) {}
    };
}

test!(of_an_identifier, number);
test!(of_a_tuple, (one, other));
