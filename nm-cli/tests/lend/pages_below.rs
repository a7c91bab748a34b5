//! The pools of the pages, used from a directory below the one that they are about.

use std::fs;

use crate::shop::Shop;

const PAGES: [&str; 8] = [
    "docs/github-actions.md",
    "docs/gitlab.md",
    "docs/go-test.md",
    "docs/jest.md",
    "docs/make.md",
    "docs/node-test.md",
    "docs/playwright.md",
    "docs/pytest.md",
];

#[test]
fn a_database_of_a_page_is_found_from_a_directory_below() {
    for page in PAGES {
        let Some(shop) = Shop::of(page) else { return };
        shop.write(
            "name-manager.toml",
            &shop.pools().replace(
                "reset =",
                "setup = 'test -f schema.sql && test {root} = \"$PWD\"'\nreset =",
            ),
        );
        shop.script("below/test.sh", "#!/bin/sh -e\ncd \"$(dirname \"$0\")\"\nsqlite3 \"$SHOP_DB\" 'SELECT count(*) FROM orders'\n");
        let said = shop.run("cd below && name-manager run db -- ./test.sh", None);
        assert_eq!(said.answer(), "0\n", "{page}");
        let left = fs::read_dir(shop.lab.path().join("below")).unwrap().count();
        assert_eq!(left, 1, "{page}");
        shop.nothing_is_left();
    }
}
