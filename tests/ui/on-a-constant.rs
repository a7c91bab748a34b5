#![allow(unused)]

use name_manager::shared_resource;

#[shared_resource(pool = "db")]
const MAX: u32 = { 2 };
