//! Lines on two logarithmic axes, as SVG.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLORS: [&str; 8] = [
    "#1b6ca8", "#d1495b", "#2e933c", "#8f5fbf", "#c77d00", "#00798c", "#555555", "#a0527a",
];

/// One line: its name, and points of rules and nanoseconds.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// The range of an axis in powers of ten.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let (low, high) = (low.max(1.0).log10().floor(), high.max(1.0).log10().ceil());
    (low, high.max(low + 1.0))
}

fn unit(nanos: f64) -> String {
    match nanos {
        ..1_000.0 => format!("{nanos} ns"),
        1_000.0..1_000_000.0 => format!("{} µs", nanos / 1e3),
        _ => format!("{} ms", nanos / 1e6),
    }
}

fn count(rules: f64) -> String {
    match rules {
        ..1_000.0 => format!("{rules}"),
        1_000.0..1_000_000.0 => format!("{}k", rules / 1e3),
        _ => format!("{}M", rules / 1e6),
    }
}

/// The picture; `level` is drawn as a dashed line across it.
pub(crate) fn svg(
    title: &str,
    lines: &[Line],
    level: (&str, f64),
) -> Result<String, std::fmt::Error> {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let (x_low, x_high) = range(points().map(|(x, _)| *x));
    let (y_low, y_high) = range(points().map(|(_, y)| *y).chain([level.1]));
    let x = |value: f64| LEFT + (value.log10() - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| {
        HEIGHT - BOTTOM - (value.log10() - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = String::new();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(
        svg,
        r##"<rect width="100%" height="100%" fill="#ffffff"/>"##
    )?;
    writeln!(
        svg,
        r#"<text x="{LEFT}" y="22" font-size="15">{title}</text>"#
    )?;
    let mut power = x_low;
    while power <= x_high {
        let (value, bottom) = (10_f64.powf(power), HEIGHT - BOTTOM);
        let at = x(value);
        writeln!(
            svg,
            r##"<path d="M{at:.1} {TOP}V{bottom}" stroke="#dddddd"/><text x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
            bottom + 18.0,
            count(value)
        )?;
        power += 1.0;
    }
    let mut power = y_low;
    while power <= y_high {
        let (value, right) = (10_f64.powf(power), WIDTH - RIGHT);
        let at = y(value);
        writeln!(
            svg,
            r##"<path d="M{LEFT} {at:.1}H{right}" stroke="#dddddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
            LEFT - 8.0,
            at + 4.0,
            unit(value)
        )?;
        power += 1.0;
    }
    writeln!(
        svg,
        r##"<text x="{:.1}" y="{:.1}" text-anchor="middle">rules</text>"##,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 10.0
    )?;
    let at = y(level.1);
    writeln!(
        svg,
        r##"<path d="M{LEFT} {at:.1}H{:.1}" stroke="#000000" stroke-dasharray="5 4"/>"##,
        WIDTH - RIGHT
    )?;
    // Names stand beside their lines' ends, apart from each other.
    let mut names = vec![(at, level.0, "#000000")];
    for (line, color) in lines.iter().zip(COLORS.iter().cycle()) {
        let places: Vec<(f64, f64)> = line.points.iter().map(|(a, b)| (x(*a), y(*b))).collect();
        let text: Vec<String> = places
            .iter()
            .map(|(a, b)| format!("{a:.1},{b:.1}"))
            .collect();
        writeln!(
            svg,
            r#"<polyline fill="none" stroke="{color}" stroke-width="2" points="{}"/>"#,
            text.join(" ")
        )?;
        for (a, b) in &places {
            writeln!(
                svg,
                r#"<circle cx="{a:.1}" cy="{b:.1}" r="3" fill="{color}"/>"#
            )?;
        }
        if let Some((_, end)) = places.last() {
            names.push((*end, &line.name, color));
        }
    }
    names.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut above = TOP - 16.0;
    for (place, name, color) in names {
        above = (above + 16.0).max(place);
        writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" fill="{color}">{name}</text>"#,
            WIDTH - RIGHT + 8.0,
            above + 4.0
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
