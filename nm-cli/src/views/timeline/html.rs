//! The timeline as one self-contained page.

use crate::screen::text;
use crate::views::timeline::chart::Chart;
use crate::views::timeline::svg;

const PAGE_STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:1rem;font:14px system-ui,sans-serif;color:#222;background:#fff}\
h1{font-size:1rem;overflow-wrap:anywhere}\
#timeline{max-width:none;display:block}\
#legend{display:flex;flex-wrap:wrap;gap:.3em 1.2em;padding:0;list-style:none}\
#what{position:sticky;bottom:0;background:#fff;border-top:1px solid #ddd;\
white-space:pre-line;overflow-wrap:anywhere;min-height:7.5em;padding:.5em 0}\
#find{width:24em;max-width:100%;box-sizing:border-box;padding:.3em}.hidden{opacity:.12}\
@media (prefers-color-scheme:dark){body,#what{color:#ddd;background:#15181c}#what{border-color:#3a3f45}}";

/// Shows below the picture what the block under the pointer means, and fades blocks that do not match the search.
const SCRIPT: &str = "\
'use strict';const what=document.getElementById('what');const find=document.getElementById('find');\
const zoom=document.getElementById('zoom');const picture=document.getElementById('timeline');\
const blocks=[...document.querySelectorAll('g.block')];\
const words=blocks.map(b=>b.querySelector('title').textContent);\
blocks.forEach((b,i)=>b.addEventListener('pointerenter',()=>{what.textContent=words[i]}));\
find.addEventListener('input',()=>blocks.forEach((b,i)=>\
b.classList.toggle('hidden',!words[i].split('\\n')[0].includes(find.value))));\
const width=picture.width.baseVal.value,height=picture.height.baseVal.value;\
picture.setAttribute('preserveAspectRatio','none');\
zoom.addEventListener('input',()=>picture.setAttribute('width',width*zoom.value));\
document.body.dataset.blocks=blocks.length;";

pub fn page(chart: &Chart) -> String {
    let title = svg::xml(&format!("run {}", chart.run));
    let style = svg::STYLE;
    let picture = svg::element(chart);
    let left_out = match chart.left_out {
        0 => String::new(),
        count => format!(
            "<p>{} not shown.</p>",
            text::count(count as u64, "more block")
        ),
    };
    let heading = svg::xml(&svg::title(chart));
    let legend = svg::legend(chart).map(|(class, word)| {
        format!(
            "<li><svg class=\"timeline\" width=\"12\" height=\"12\">\
             <rect class=\"{class}\" width=\"12\" height=\"12\"/></svg> {word}</li>"
        )
    });
    let legend: String = legend.collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\n\
         <style>{style}{PAGE_STYLE}</style></head>\n<body>\
         <h1>{heading}</h1>\n<ul id=\"legend\">{legend}</ul>\n\
         <p><label>Find a test <input id=\"find\" type=\"search\"></label> \
         <label>Zoom <input id=\"zoom\" type=\"range\" min=\"1\" max=\"20\" step=\"0.5\" value=\"1\"></label></p>\n\
         <div style=\"overflow-x:auto\">{picture}</div>{left_out}\n\
         <div id=\"what\">Point at a block to see its test.</div>\n<script>{SCRIPT}</script></body></html>\n"
    )
}
