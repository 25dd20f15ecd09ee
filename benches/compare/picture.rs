//! The table's JSON as a picture: how many times longer everybody else takes.
//!
//! Colours are of middling brightness and the ground is transparent, so that it can
//! be read on light pages and on dark ones.

use plotters::prelude::*;
use serde_json::Value;

const WIDTH: u32 = 860;
const ROW: u32 = 62;
const TEXT: RGBColor = RGBColor(125, 133, 144);
/// Peers that are drawn, and how.
const PEERS: [(&str, RGBColor); 2] = [
    ("node, shared realm", RGBColor(45, 140, 90)),
    ("node, fresh context", RGBColor(60, 120, 200)),
];

/// SVG text. Bars to the right of 1 are work at which ours is faster.
pub(crate) fn draw(table: &Value) -> String {
    let rows: Vec<(&str, Vec<(usize, f64)>)> = table["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| Some((row["work"].as_str()?, ratios(row))))
        .filter(|(_, ratios)| !ratios.is_empty())
        .collect();
    let most = rows.iter().flat_map(|(_, it)| it).map(|(_, it)| *it).fold(10.0, f64::max);
    let least = rows.iter().flat_map(|(_, it)| it).map(|(_, it)| *it).fold(0.1, f64::min);
    let height = 110 + ROW * rows.len() as u32;

    let mut res = String::new();
    {
        let area = SVGBackend::with_string(&mut res, (WIDTH, height)).into_drawing_area();
        let text = |size: u32| ("sans-serif", size).into_font().color(&TEXT);
        let title = "time of the peer ÷ time of llm-kernel (p50, logarithmic)";
        area.draw(&Text::new(title, (20, 14), text(17))).expect("drawing into a string");
        for (idx, (peer, colour)) in PEERS.iter().enumerate() {
            let at = (20 + 200 * idx as i32, 42);
            area.draw(&Rectangle::new([at, (at.0 + 14, at.1 + 14)], colour.filled()))
                .expect("drawing into a string");
            area.draw(&Text::new(*peer, (at.0 + 20, at.1 - 1), text(14)))
                .expect("drawing into a string");
        }

        let (left, right) = (250.0, f64::from(WIDTH) - 70.0);
        let (from, to) = (least.log10(), most.log10());
        let x = |ratio: f64| (left + (ratio.log10() - from) / (to - from) * (right - left)) as i32;
        let one = x(1.0);
        area.draw(&PathElement::new(vec![(one, 72), (one, height as i32 - 30)], TEXT))
            .expect("drawing into a string");
        area.draw(&Text::new("as fast as ours", (one - 44, height as i32 - 24), text(13)))
            .expect("drawing into a string");
        for (idx, (work, ratios)) in rows.iter().enumerate() {
            let top = 80 + (ROW * idx as u32) as i32;
            area.draw(&Text::new(*work, (20, top + 12), text(14))).expect("drawing into a string");
            for (peer, ratio) in ratios {
                let (y, end) = (top + 22 * *peer as i32, x(*ratio));
                let bar = Rectangle::new([(one, y), (end, y + 18)], PEERS[*peer].1.filled());
                area.draw(&bar).expect("drawing into a string");
                let label = match *ratio {
                    it if it < 0.095 => format!("{it:.2}"),
                    it if it < 9.95 => format!("{it:.1}"),
                    it => format!("{it:.0}"),
                };
                area.draw(&Text::new(label, (end.max(one) + 6, y + 1), text(13)))
                    .expect("drawing into a string");
            }
        }
        area.present().expect("drawing into a string");
    }
    res
}

/// Peer's index and its ratio to ours, for those that are drawn.
fn ratios(row: &Value) -> Vec<(usize, f64)> {
    let p50 = |name: &str| {
        let peers = row["peers"].as_array()?;
        peers.iter().find(|it| it["peer"] == name)?["p50Us"].as_f64()
    };
    let Some(ours) = p50("llm-kernel") else { return Vec::new() };
    PEERS.iter().enumerate().filter_map(|(idx, (name, _))| Some((idx, p50(name)? / ours))).collect()
}
