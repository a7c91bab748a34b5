//! The pictures in a real browser, where there is one.

use std::process::Command;

use crate::lab::Lab;
use crate::timeline;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The page as the browser has it after its scripts ran.
fn dom(lab: &Lab, file: &str) -> Option<String> {
    dom_with(lab, file, &[])
}

fn dom_with(lab: &Lab, file: &str, flags: &[&str]) -> Option<String> {
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
        .args(flags)
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
fn a_narrow_window_shows_the_whole_legend() {
    let lab = Lab::new();
    timeline::write(&lab);
    lab.run(&["timeline", "-o", "run.html"]);
    let page = std::fs::read_to_string(lab.path().join("run.html")).unwrap();
    // In a frame of that width: a headless window may not be so narrow.
    let frame = "<!DOCTYPE html><iframe width=480 height=800 src=inner.html></iframe>";
    let measure = "<script>const right=Math.max(...[...document.querySelectorAll('#legend li,h1,label,input')]\
                   .map(e=>e.getBoundingClientRect().right));\
                   parent.document.title=`ends ${right<=innerWidth} scrolls ${document.documentElement.scrollWidth>innerWidth} at ${innerWidth}`\
                   </script>";
    std::fs::write(lab.path().join("inner.html"), page + measure).unwrap();
    std::fs::write(lab.path().join("frame.html"), frame).unwrap();
    let Some(dom) = dom_with(&lab, "frame.html", &["--allow-file-access-from-files"]) else {
        return;
    };
    assert!(dom.contains("ends true scrolls false at 480"), "{dom}");
}

#[test]
fn a_dark_scheme_has_no_white_page() {
    let lab = Lab::new();
    timeline::write(&lab);
    lab.run(&["timeline", "-o", "run.html"]);
    let page = std::fs::read_to_string(lab.path().join("run.html")).unwrap();
    let tell = "<script>const of=(q,p)=>getComputedStyle(document.querySelector(q))[p];\
                document.title=[of('body','backgroundColor'),of('#timeline .page','fill'),of('#timeline .pool','fill')].join(' ')\
                </script>";
    std::fs::write(lab.path().join("told.html"), page + tell).unwrap();
    let title = |flags: &[&str]| dom_with(&lab, "told.html", flags);
    let Some(light) = title(&[]) else { return };
    let light_colours = "<title>rgb(255, 255, 255) rgb(255, 255, 255) rgb(34, 34, 34)</title>";
    assert!(light.contains(light_colours), "{light}");
    let dark = title(&["--blink-settings=preferredColorScheme=0"]).unwrap();
    let dark_colours = "<title>rgb(21, 24, 28) rgb(21, 24, 28) rgb(221, 221, 221)</title>";
    assert!(dark.contains(dark_colours), "{dark}");
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
