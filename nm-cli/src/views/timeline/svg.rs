//! The timeline as SVG: by itself, and within the HTML page.

use std::fmt::Write as _;

use nm_runtime::journal::Kind;
use nm_runtime::record::State;

use crate::events::spans::{Ending, Lease, Wait, WaitEnding};
use crate::screen::clock::duration;
use crate::screen::text;
use crate::views::timeline::chart::Chart;
use crate::views::timeline::words;

const WIDTH: f64 = 1200.0;
const LABELS: f64 = 150.0;
const ROW: f64 = 22.0;
const WAIT_ROW: f64 = 9.0;
/// Rows of waits that are drawn; more would hide the names.
const WAIT_ROWS: usize = 60;

pub const STYLE: &str = "\
svg.timeline{font:12px system-ui,sans-serif}\
.timeline .page{fill:#fff}.timeline text{fill:#222}\
.timeline .lease{fill:#4c78a8}.timeline .block:nth-child(even) .lease{fill:#6b94c0}\
.timeline .init{fill:#e45756}.timeline .reset{fill:#f58518}.timeline .cleanup{fill:#9d755d}\
.timeline .dirty{fill:#8c564b}.timeline .broken,.timeline .failed{fill:#b2182b}\
.timeline .other{fill:#8a9096}.timeline .open{opacity:.6}.timeline .wait{fill:#eeca3b}\
.timeline .grid{stroke:#ddd}.timeline .tick{fill:#777;text-anchor:middle}\
.timeline .pool{font-weight:600}.timeline .inside{fill:#fff;font-size:10px;pointer-events:none}\
.timeline g.block:hover rect{filter:brightness(1.2)}\
@media (prefers-color-scheme:dark){.timeline .page{fill:#15181c}.timeline text{fill:#ddd}\
.timeline .grid{stroke:#3a3f45}.timeline .tick{fill:#999}.timeline .other{fill:#5a6067}}";

/// The class of a block, and what it means.
const LEGEND: [(&str, &str); 6] = [
    ("lease", "body"),
    ("init", "init"),
    ("reset", "reset"),
    ("dirty", "left dirty, or died"),
    ("failed", "failed or broken"),
    ("wait", "waiting"),
];

/// The kinds of blocks that the chart may have.
pub fn legend(chart: &Chart) -> impl Iterator<Item = (&'static str, &'static str)> {
    let other = (!chart.others.is_empty()).then_some(("other", "another run"));
    LEGEND.into_iter().chain(other)
}

/// Text for XML: characters that it cannot hold are escaped as on a terminal.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for line in text.split('\n') {
        if !escaped.is_empty() {
            escaped.push('\n');
        }
        for char in text::escape(line).chars() {
            match char {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                // No XML holds these.
                '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
                _ => escaped.push(char),
            }
        }
    }
    escaped
}

/// A whole SVG file.
pub fn file(chart: &Chart) -> String {
    draw(chart, true)
}

/// The element; its style, title and legend are left to the page.
pub fn element(chart: &Chart) -> String {
    draw(chart, false)
}

fn draw(chart: &Chart, alone: bool) -> String {
    // Where the lines of the grid begin, below the times.
    let top = if alone { 64.0 } else { 20.0 };
    let mut body = Body {
        chart,
        out: String::new(),
        y: top + 14.0,
    };
    for pool in &chart.pools {
        body.title(&pool.name);
        for lane in &pool.lanes {
            for (at, row) in lane.rows.iter().enumerate() {
                body.label(if at == 0 { &lane.name } else { "" });
                body.out.push_str("<g>");
                row.iter().for_each(|lease| body.lease(lease));
                body.out.push_str("</g>\n");
                body.y += ROW;
            }
        }
        for (at, row) in pool.waits.iter().take(WAIT_ROWS).enumerate() {
            body.label(if at == 0 { "waiting" } else { "" });
            row.iter().for_each(|wait| body.wait(wait));
            body.y += WAIT_ROW;
        }
        if pool.waits.len() > WAIT_ROWS {
            body.y += ROW;
            body.label("and more");
        }
        body.y += ROW / 2.0;
    }
    let height = body.y + 10.0;
    let mut svg = String::new();
    let _ = write!(
        svg,
        r#"<svg class="timeline" xmlns="http://www.w3.org/2000/svg" id="timeline" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">"#
    );
    let _ = write!(svg, "<title>{}</title>", xml(&format!("run {}", chart.run)));
    if alone {
        let _ = write!(svg, "<style>{STYLE}</style>");
    }
    svg.push_str(r#"<rect class="page" width="100%" height="100%"/>"#);
    if alone {
        let title = xml(&title(chart));
        let _ = writeln!(svg, r#"<text x="8" y="18" class="pool">{title}</text>"#);
        draw_legend(&mut svg, chart);
    }
    grid(&mut svg, chart, top, height);
    svg.push_str(&body.out);
    svg.push_str("</svg>\n");
    svg
}

/// `run 7 (1.2 s)`
pub fn title(chart: &Chart) -> String {
    format!("run {} ({})", chart.run, duration(chart.length()))
}

fn draw_legend(svg: &mut String, chart: &Chart) {
    let mut x = 8.0;
    for (class, word) in legend(chart) {
        let _ = write!(
            svg,
            r#"<rect class="{class}" x="{x}" y="27" width="12" height="12"/><text x="{}" y="37">{word}</text>"#,
            x + 16.0
        );
        x += 34.0 + 6.5 * word.len() as f64;
    }
    svg.push('\n');
}

fn grid(svg: &mut String, chart: &Chart, top: f64, height: f64) {
    for tick in words::ticks(chart.length(), 9) {
        let x = x_of(chart, chart.start.saturating_add(tick));
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{x:.1}" y1="{top}" x2="{x:.1}" y2="{height}"/><text class="tick" x="{x:.1}" y="{}">{}</text>"#,
            top - 4.0,
            duration(tick)
        );
    }
    svg.push('\n');
}

fn x_of(chart: &Chart, time: u64) -> f64 {
    let share = (time - chart.start) as f64 / chart.length() as f64;
    LABELS + share * (WIDTH - LABELS - 40.0)
}

struct Body<'a> {
    chart: &'a Chart,
    out: String,
    y: f64,
}

impl Body<'_> {
    fn title(&mut self, pool: &str) {
        let _ = writeln!(
            self.out,
            r#"<text class="pool" x="8" y="{}">{}</text>"#,
            self.y + 8.0,
            xml(pool)
        );
        self.y += 16.0;
    }

    fn label(&mut self, text: &str) {
        if !text.is_empty() {
            let text = text::cut(text, 20, text::Cut::Beginning);
            let _ = write!(
                self.out,
                r#"<text x="16" y="{}">{}</text>"#,
                self.y + 13.0,
                xml(&text)
            );
        }
    }

    fn rect(&mut self, class: &str, from: u64, until: u64, height: f64) -> f64 {
        let x = x_of(self.chart, from);
        // A block too short to be drawn is still visible.
        let width = (x_of(self.chart, until) - x).max(0.5);
        let _ = write!(
            self.out,
            r#"<rect class="{class}" x="{x:.2}" y="{:.1}" width="{width:.2}" height="{height}"/>"#,
            self.y
        );
        width
    }

    fn lease(&mut self, lease: &Lease) {
        let is_other = self.chart.is_other(lease);
        let class = match lease.ending {
            _ if is_other => "other",
            Ending::Open => "lease open",
            Ending::Died | Ending::Released(State::Dirty) => "dirty",
            Ending::Released(State::Broken) => "broken",
            Ending::Released(State::Clean) => "lease",
        };
        let title = match is_other {
            true => words::other(self.chart, lease),
            false => words::lease(self.chart, lease),
        };
        let title = xml(&title);
        let _ = write!(self.out, r#"<g class="block"><title>{title}</title>"#);
        let (start, end) = self.chart.shown(lease);
        let width = self.rect(class, start, end, ROW - 4.0);
        for hook in lease.hooks.iter().filter(|_| !is_other) {
            let class = match hook.kind {
                _ if hook.failed => "failed",
                Kind::Init => "init",
                Kind::Reset => "reset",
                _ => "cleanup",
            };
            self.rect(class, hook.start, hook.end.min(lease.end), ROW - 4.0);
        }
        let last = lease.test.rsplit("::").next().unwrap_or_default();
        let room = (width / 6.0) as usize;
        if room > 4 {
            let label = text::cut(last, room, text::Cut::End);
            let _ = write!(
                self.out,
                r#"<text class="inside" x="{:.1}" y="{:.1}">{}</text>"#,
                x_of(self.chart, start) + 3.0,
                self.y + 13.0,
                xml(&label)
            );
        }
        self.out.push_str("</g>");
    }

    fn wait(&mut self, wait: &Wait) {
        let class = match wait.ending {
            WaitEnding::Granted | WaitEnding::Open => "wait",
            WaitEnding::Timeout | WaitEnding::Deadlock => "failed",
        };
        let title = xml(&words::wait(self.chart, wait));
        let _ = write!(self.out, r#"<g class="block"><title>{title}</title>"#);
        self.rect(class, wait.start, wait.end, WAIT_ROW - 3.0);
        self.out.push_str("</g>\n");
    }
}
