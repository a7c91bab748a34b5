//! The makefile of `docs/make.md`.

use std::process::Command;

use crate::shop::{SUITE, Shop, command};
use crate::{page, skip};

const PAGE: &str = "docs/make.md";

#[test]
fn each_target_of_make_has_a_database() {
    if Command::new("make").arg("--version").output().is_err() {
        return skip::because("no make");
    }
    let Some(shop) = Shop::of(PAGE) else { return };
    let makefiles = page::written_in("make", PAGE);
    assert_eq!(makefiles.len(), 2, "{makefiles:?}");
    shop.write("Makefile", &format!("{}\n", makefiles[1]));
    for suite in ["orders", "stock", "users", "mail"] {
        shop.script(&format!("{suite}.sh"), SUITE);
    }
    let said = shop.run(&command(PAGE, "make -j"), None);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.err.contains("jobserver"), "{said:?}");
    let told = ["./mail.sh ", "./orders.sh ", "./stock.sh ", "./users.sh "];
    assert_eq!(shop.told(), told);
    shop.check(told.len());
}
