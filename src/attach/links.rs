//! Draws URLs as hyperlinks (OSC 8). A terminal that supports them opens the whole URL, even if it is wrapped; others
//! ignore them. The link target is always the visible text.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;

/// The URL of each cell that is part of one.
pub(super) type Links = BTreeMap<(u16, u16), String>;

/// A wrapped URL is recognized if its first line has at least this many cells; shorter URLs are not linked.
const MIN_CELLS: usize = 12;
/// Longer URLs, in bytes, are not linked, because terminals limit them.
const MAX_BYTES: usize = 2_000;

/// Returns the sequence that starts a link. Cells with the same `id` are one link, even on several lines.
pub(super) fn link_start(url: &str) -> String {
    let id = url.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("\x1b]8;id={id:x};{url}\x1b\\")
}

/// The sequence that ends a link.
pub(super) const LINK_END: &str = "\x1b]8;;\x1b\\";

/// Finds the URLs that are completely on the screen, each on one or more lines below each other.
pub(super) fn find(buffer: &Buffer, urls: &[String]) -> Links {
    let area = buffer.area;
    let mut found = Links::new();
    for url in urls.iter().filter(|url| is_linkable(url)) {
        let characters: Vec<&str> = url.split("").filter(|character| !character.is_empty()).collect();
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cells) = match_url(buffer, (x, y), &characters) {
                    found.extend(cells.into_iter().map(|cell| (cell, url.clone())));
                }
            }
        }
    }
    found
}

/// Returns `true` for http and https URLs of printable ASCII characters within the length limits.
fn is_linkable(url: &str) -> bool {
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    scheme && (MIN_CELLS..=MAX_BYTES).contains(&url.len()) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the cells of a URL that starts at this cell. `None` if it does not, or is incomplete.
fn match_url(buffer: &Buffer, (x, y): (u16, u16), characters: &[&str]) -> Option<Vec<(u16, u16)>> {
    let mut cells = vec![];
    let (mut rest, mut row) = (characters, y);
    loop {
        let line: Vec<(u16, u16)> = (x..buffer.area.right())
            .zip(rest)
            .take_while(|(x, character)| buffer.cell((*x, row)).is_some_and(|cell| cell.symbol() == **character))
            .map(|(x, _)| (x, row))
            .collect();
        if line.is_empty() || (cells.is_empty() && line.len() < MIN_CELLS.min(characters.len())) {
            return None;
        }
        rest = &rest[line.len()..];
        cells.extend(line);
        if rest.is_empty() {
            return Some(cells);
        }
        row = row.checked_add(1).filter(|row| *row < buffer.area.bottom())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(lines: &[&str]) -> Buffer {
        Buffer::with_lines(lines.iter().copied())
    }

    #[test]
    fn only_complete_urls_are_found() {
        let url = "https://example.org/setup/abcdef".to_owned();
        let lines = ["  https://example.or  ", "  g/setup/abcdef      ", "  https://example.org "];
        let found = find(&buffer(&lines), std::slice::from_ref(&url));
        assert_eq!(found.len(), url.len());
        assert!(found.contains_key(&(2, 0)) && found.contains_key(&(2, 1)) && !found.contains_key(&(2, 2)));
        for bad in ["https://a", "ftp://example.org/abc", "https://example.org/\u{1b}]8;;", "https://exämple.org/"] {
            assert!(find(&buffer(&[bad]), &[bad.to_owned()]).is_empty(), "{bad}");
        }
    }
}
