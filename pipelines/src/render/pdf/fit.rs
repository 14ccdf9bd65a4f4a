//! How wide the columns of a table are, and how large its type is, so that nothing leaves the page.
//!
//! Widths that a column needs are in ems of the type, the result in points.

/// Room for text across an upright A4 page, and across one that lies; the template has the margins.
const UPRIGHT: f64 = 493.0;
const LYING: f64 = 739.5;
/// Room between the columns, of both sides together; the template has it too.
pub(super) const INSET: f64 = 6.0;
/// Sizes of type, the best first. Where none is enough upright, the page lies; below the last, words are broken.
const SIZES: [f64; 5] = [8.5, 8.0, 7.5, 7.0, 6.5];

/// What a column needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// So wide at least.
    pub(super) least: f64,
    /// Wider is of no use.
    pub(super) best: f64,
}

/// How a table is set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    /// Size of the type, in points.
    pub(super) size: f64,
    /// Whether it needs a page that lies.
    pub(super) wide: bool,
    /// Width of each column, in points, with its insets.
    pub(super) widths: Vec<f64>,
}

/// The largest type in which the columns fit. What is left over goes to columns that can use it.
pub(super) fn fit(columns: &[Needs]) -> Fitted {
    let places = [(false, UPRIGHT), (true, LYING)];
    let least: f64 = columns.iter().map(|column| column.least).sum();
    let insets = INSET * columns.len() as f64;
    let fitting = places.iter().flat_map(|place| SIZES.map(|size| (*place, size)));
    let found = fitting.into_iter().find(|((_, room), size)| least * size + insets <= *room);
    let ((wide, room), size) = found.unwrap_or((places[1], SIZES[SIZES.len() - 1]));
    let room = (room - insets).max(0.0) / size;
    let widths =
        if found.is_some() { shared(columns, room) } else { columns.iter().map(|c| c.least * room / least).collect() };
    // Whole hundredths of a point: what stands in the file does not hang on the last bit of a sum.
    Fitted { size, wide, widths: widths.iter().map(|width| ((width * size + INSET) * 100.0).floor() / 100.0).collect() }
}

fn shared(columns: &[Needs], room: f64) -> Vec<f64> {
    let least: f64 = columns.iter().map(|column| column.least).sum();
    let useful: f64 = columns.iter().map(|column| (column.best - column.least).max(0.0)).sum();
    let spare = room - least;
    let part = if useful > 0.0 { (spare / useful).min(1.0) } else { 0.0 };
    columns.iter().map(|column| column.least + (column.best - column.least).max(0.0) * part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(columns: &[(f64, f64)]) -> Vec<Needs> {
        columns.iter().map(|(least, best)| Needs { least: *least, best: *best }).collect()
    }

    #[test]
    fn tables_take_what_they_need_and_never_leave_the_page() {
        for (columns, size, wide, full) in [
            (needs(&[(5.0, 20.0), (4.0, 6.0)]), 8.5, false, false),
            (needs(&[(19.0, 30.0); 3]), 8.0, false, true),
            (needs(&[(9.5, 30.0); 8]), 8.5, true, true),
            (needs(&[(100.0, 300.0); 8]), 6.5, true, true),
        ] {
            let fitted = fit(&columns);
            let room = if wide { LYING } else { UPRIGHT };
            let all: f64 = fitted.widths.iter().sum();
            assert_eq!((fitted.size, fitted.wide), (size, wide), "{columns:?}");
            assert!(all <= room && (all > room - 1.0) == full, "{all} of {room}: {columns:?}");
        }
    }
}
