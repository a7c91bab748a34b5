#![allow(unused)]

use serial_test::file_serial;

struct Database;

#[file_serial(db)]
impl Database {}
