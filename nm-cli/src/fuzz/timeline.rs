use crate::events::extent::Extent;
use crate::events::spans;
use crate::fuzz::events::events;
use crate::fuzz::screen::{self, is_shown, shown};
use crate::views::timeline::chart::Drawing;
use crate::views::timeline::{html, json, svg, terminal, trace};

/// Every form of the picture of a history. The first byte is a screen's width.
pub fn timeline(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    let mut drawing = Drawing::default();
    let events = events(bytes);
    let events = events.iter().cloned().map(Ok);
    let extent = Extent::find(events.clone(), "run").unwrap();
    let is_held = |lease: &spans::Lease| lease.pid == 1;
    spans::read(events, Some(&extent), is_held, |span| drawing.add(span)).unwrap();
    let chart = drawing.chart("run \u{1b}[2J<&\"'>".to_owned());

    let width = usize::from(*width).max(1);
    shown(width, |screen| terminal::show(screen, &chart));
    screen::json(&json::Timeline::new(&chart));
    let trace: serde_json::Value = serde_json::from_str(&trace::file(&chart)).unwrap();
    assert!(trace["traceEvents"].is_array());

    let picture = svg::file(&chart);
    picture.lines().for_each(is_shown);
    let xml = roxmltree::Document::parse(&picture).unwrap();
    let known = |name: &str| ["svg", "title", "style", "rect", "text", "line", "g"].contains(&name);
    for element in xml.descendants().filter(|node| node.is_element()) {
        assert!(known(element.tag_name().name()), "{element:?}");
        for attribute in element.attributes() {
            let value = attribute.value();
            assert!(
                !value.contains("NaN") && !value.contains("inf"),
                "{attribute:?}"
            );
        }
    }
    let page = html::page(&chart);
    page.lines().for_each(is_shown);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(
        page.matches("</title>").count(),
        picture.matches("</title>").count() + 1
    );
}
