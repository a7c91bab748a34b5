//! The pictures in a real browser, where there is one.

use std::process::Command;

use crate::lab::Lab;
use crate::timeline;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The page as the browser has it after its scripts ran.
fn dom(lab: &Lab, file: &str) -> Option<String> {
    let version = |browser: &&str| Command::new(browser).arg("--version").output().is_ok();
    let Some(browser) = BROWSERS.into_iter().find(version) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must install a browser"
        );
        eprintln!("skipped: none of {BROWSERS:?} is installed");
        return None;
    };
    let output = lab
        .program(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            lab.path().join("browser").display()
        ))
        .arg(format!("file://{}", lab.path().join(file).display()))
        .output()
        .unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_page_works_and_no_test_name_runs() {
    let lab = Lab::new();
    timeline::write(&lab);
    lab.run(&["timeline", "-o", "run.html"]);
    let Some(dom) = dom(&lab, "run.html") else {
        return;
    };
    // Set by the page's own script, at its end.
    assert!(dom.contains("data-blocks=\"4\""), "{dom}");
    assert!(dom.contains("<title>run run-1</title>"), "{dom}");
    assert_eq!(dom.matches("<script").count(), 1, "{dom}");
}

#[test]
fn the_picture_is_well_formed() {
    let lab = Lab::new();
    timeline::write(&lab);
    lab.run(&["timeline", "-o", "run.svg"]);
    let Some(dom) = dom(&lab, "run.svg") else {
        return;
    };
    assert!(
        dom.contains("<svg") && dom.contains("app::with_hooks"),
        "{dom}"
    );
    assert!(!dom.contains("parsererror"), "{dom}");
    assert!(!dom.contains("<script"), "{dom}");
}
