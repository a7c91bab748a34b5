#![allow(unused)]

use name_manager::shared_resource;

#[shared_resource(pool = "db")]
union Database {
    id: u32,
}
