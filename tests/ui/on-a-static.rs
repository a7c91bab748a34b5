#![allow(unused)]

use name_manager::shared_resource;

#[shared_resource(pool = "db")]
static MAX: u32 = 2;
