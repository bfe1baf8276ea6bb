//! The report's plot: an SVG that reads on light and on dark.

use std::fmt::Write as _;

use crate::oversell::Report;

/// One drawn line.
struct Line {
    class: &'static str,
    name: String,
    /// Along the axis, and thousandths.
    points: Vec<(u64, u64)>,
}

/// One of the two diagrams.
struct Panel {
    left: u64,
    title: &'static str,
    across: &'static str,
    /// Where on the axis, and what stands there.
    ticks: Vec<(u64, String)>,
    lines: Vec<Line>,
}

const WIDTH: u64 = 380;
const TOP: u64 = 108;
const HEIGHT: u64 = 230;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.s{fill:#59636e}\
.g{stroke:#d1d9e0;stroke-width:1}.l{fill:none;stroke-width:2.5;stroke-linejoin:round}\
.a{stroke:#bc4c00}.b{stroke:#d4915f}.w{stroke:#0969da}.r{stroke:#0969da;stroke-width:1.5;stroke-dasharray:5 4}\
.p{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.g{stroke:#3d444d}\
.a{stroke:#f0883e}.b{stroke:#a8683a}.w{stroke:#58a6ff}.r{stroke:#58a6ff}.p{fill:#0d1117}}";

/// All of it.
pub(crate) fn svg(report: &Report) -> String {
    let (width, height) = (2 * WIDTH + 160, TOP + HEIGHT + 60);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Units oversold: absolute push and Weir</title>\n<style>{STYLE}</style>\n\
         <rect class=\"p\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    by_lag(report).draw(&mut svg);
    by_safety(report).draw(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn by_lag(report: &Report) -> Panel {
    let lags = report.by_lag.first().map(|(_, line)| line.as_slice()).unwrap_or_default();
    let ticks = lags.iter().map(|(lag, ..)| (*lag, (lag / 60).to_string())).collect();
    let mut lines = Vec::new();
    for (class, (per_hour, line)) in ["b", "a"].into_iter().zip(&report.by_lag) {
        let points = line.iter().map(|(lag, absolute, _)| (*lag, *absolute)).collect();
        lines.push(Line { class, name: format!("absolute push, {per_hour} sales an hour"), points });
    }
    lines.reverse();
    if let Some((_, line)) = report.by_lag.last() {
        let points = line.iter().map(|(lag, _, ours)| (*lag, *ours)).collect();
        lines.push(Line { class: "w", name: "Weir, at either load".to_owned(), points });
    }
    Panel {
        left: 60,
        title: "One store: units oversold, of those sold",
        across: "minutes until the ERP's figure contains an order",
        ticks,
        lines,
    }
}

fn by_safety(report: &Report) -> Panel {
    let rows = &report.by_safety;
    let line = |class, name: &str, value: fn(&(u64, u64, u64, u64)) -> u64| Line {
        class,
        name: name.to_owned(),
        points: rows.iter().map(|row| (row.0, value(row))).collect(),
    };
    Panel {
        left: WIDTH + 140,
        title: "Two stores and a till: sell-outs that oversold",
        across: "safety stock, units",
        ticks: (0..=16).step_by(4).map(|units| (units, units.to_string())).collect(),
        lines: vec![
            line("a", "absolute push", |row| row.1),
            line("w", "Weir", |row| row.2),
            line("r", "what the rule says for Weir", |row| row.3),
        ],
    }
}

impl Panel {
    /// The end of the upright axis, in thousandths.
    fn most(&self) -> u64 {
        let most = self.lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).max().unwrap_or_default();
        most.div_ceil(200).max(1) * 200
    }

    fn place(&self, (x, y): (u64, u64)) -> (u64, u64) {
        let end = self.ticks.last().map_or(1, |(x, _)| (*x).max(1));
        (self.left + x * WIDTH / end, TOP + HEIGHT - y * HEIGHT / self.most())
    }

    fn draw(&self, svg: &mut String) {
        self.axes(svg);
        for line in &self.lines {
            let place = |point| {
                let (x, y) = self.place(point);
                format!("{x},{y}")
            };
            let points: Vec<String> = line.points.iter().map(|point| place(*point)).collect();
            let _ = writeln!(svg, "<polyline class=\"l {}\" points=\"{}\"/>", line.class, points.join(" "));
        }
        self.legend(svg);
    }

    fn axes(&self, svg: &mut String) {
        let (left, right) = (self.left, self.left + WIDTH);
        let _ = writeln!(svg, "<text class=\"t\" x=\"{left}\" y=\"28\">{}</text>", self.title);
        let most = self.most();
        for part in 0..=4 {
            let (_, y) = self.place((0, most * part / 4));
            let percent = most * part / 40;
            let _ = writeln!(svg, "<path class=\"g\" d=\"M{left} {y}H{right}\"/>");
            let text = (left - 8, y + 4);
            let _ = writeln!(
                svg,
                "<text class=\"s\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{percent} %</text>",
                text.0, text.1
            );
        }
        let bottom = TOP + HEIGHT + 20;
        for (at, what) in &self.ticks {
            let (x, _) = self.place((*at, 0));
            let _ = writeln!(
                svg,
                "<text class=\"s\" text-anchor=\"middle\" x=\"{x}\" y=\"{bottom}\">{what}</text>"
            );
        }
        let (middle, below) = (left + WIDTH / 2, bottom + 22);
        let _ = writeln!(
            svg,
            "<text class=\"s\" text-anchor=\"middle\" x=\"{middle}\" y=\"{below}\">{}</text>",
            self.across
        );
    }

    fn legend(&self, svg: &mut String) {
        for (index, line) in (0_u64..).zip(&self.lines) {
            let (x, y) = (self.left, 46 + 18 * index);
            let _ = writeln!(svg, "<path class=\"l {}\" d=\"M{x} {}h24\"/>", line.class, y - 4);
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", x + 32, line.name);
        }
    }
}
