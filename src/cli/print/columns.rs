//! Tables with aligned columns. On a terminal, cells are shortened so that a row fits the width, with an ellipsis;
//! elsewhere nothing is shortened.

use std::sync::OnceLock;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Minimum width of a shortened column.
const MIN_COLUMN_WIDTH: usize = 10;
const GAP: usize = 2;

/// Width of this process's terminal. Unset in an engine, which prints for other processes.
static TERMINAL: OnceLock<usize> = OnceLock::new();

/// Sets the width that tables are fitted to.
pub(in crate::cli) fn fit_terminal(columns: u16) {
    let _ = TERMINAL.set(usize::from(columns));
}

/// Returns rows in aligned columns under a head, or "No ITEMS." without rows.
pub(in crate::cli) fn table(items: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return format!("No {items}.");
    }
    laid_out(head, rows, TERMINAL.get().copied())
}

fn laid_out(head: &[&str], rows: Vec<Vec<String>>, limit: Option<usize>) -> String {
    let mut all: Vec<Vec<String>> = vec![head.iter().map(|title| title.to_uppercase()).collect()];
    all.extend(rows);
    let mut widths: Vec<usize> = (0..head.len())
        .map(|at| all.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    if let Some(limit) = limit {
        shrink(&mut widths, head, limit);
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let cell = cut(cell, *width);
            format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Narrows the widest columns until a row fits. The first column, with ids, is never shortened.
fn shrink(widths: &mut [usize], head: &[&str], limit: usize) {
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
    while total(widths) > limit {
        let least = |at: usize| MIN_COLUMN_WIDTH.max(head.get(at).map_or(0, |title| title.width()));
        let widest = (1..widths.len()).filter(|at| widths[*at] > least(*at)).max_by_key(|at| widths[*at]);
        match widest {
            Some(at) => widths[at] -= 1,
            None => return,
        }
    }
}

/// Returns a text shortened to a display width, ending in an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.graphemes(true) {
        if kept.width() + letter.width() + 1 > width {
            break;
        }
        kept.push_str(letter);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let long = "Maximiliana Konstantinopolskaya-Wolkenstein of the Very Long Name";
        vec![
            vec!["t1".into(), "support".into(), long.into(), "a few words".into()],
            vec!["t22".into(), "support".into(), "日本日本日本日本日本日本日本日本日本日本".into(), "ok".into()],
        ]
    }

    #[test]
    fn a_long_name_is_cut_on_a_terminal_and_nowhere_else() {
        let head = ["id", "connection", "contact", "last words"];
        let whole = laid_out(&head, rows(), None);
        assert!(whole.contains("of the Very Long Name"), "{whole}");
        for limit in [80, 60] {
            let cut = laid_out(&head, rows(), Some(limit));
            assert!(cut.lines().all(|line| line.width() <= limit), "{cut}");
            assert!(cut.contains("Maximiliana") && cut.contains('…') && !cut.contains("Very Long Name"), "{cut}");
            assert!(cut.contains("t22") && cut.contains("a few words"), "what is short stays whole: {cut}");
        }
        // A table that cannot fit uses minimum widths and keeps ids whole.
        let narrow = laid_out(&head, rows(), Some(20));
        assert!(narrow.contains("t22"), "{narrow}");
    }
}
