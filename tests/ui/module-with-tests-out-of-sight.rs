use name_manager::shared_resource;

macro_rules! tests {
    ($name:ident) => {
        #[test]
        fn $name() {}
    };
}

#[shared_resource(pool = "db")]
mod made {
    tests!(lists_users);
}

#[shared_resource(pool = "db")]
mod attributed {
    #[rstest::fixture]
    pub fn unknown() {}
}
