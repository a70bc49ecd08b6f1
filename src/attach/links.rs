//! Addresses on the screen as hyperlinks (OSC 8): a terminal that knows them opens the whole address, also where it is
//! wrapped over several lines; others ignore it. The link is what is shown: nothing leads elsewhere than it says.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;

/// Where on the screen which address stands.
pub(super) type Links = BTreeMap<(u16, u16), String>;

/// An address of which fewer cells stand on the first line is not looked for.
const MIN_CELLS: usize = 12;
/// A longer one is no link: terminals bound them.
const MAX_BYTES: usize = 2_000;

/// Begins a link. Cells with the same `id` are one link, wherever they stand.
pub(super) fn begin(address: &str) -> String {
    let id = address.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("\x1b]8;id={id:x};{address}\x1b\\")
}

/// Ends a link.
pub(super) const END: &str = "\x1b]8;;\x1b\\";

/// Finds addresses that stand whole on the screen, each on as many lines as it takes, the next below the first.
pub(super) fn find(buffer: &Buffer, addresses: &[String]) -> Links {
    let area = buffer.area;
    let mut found = Links::new();
    for address in addresses.iter().filter(|address| is_fit(address)) {
        let letters: Vec<&str> = address.split("").filter(|letter| !letter.is_empty()).collect();
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cells) = whole(buffer, (x, y), &letters) {
                    found.extend(cells.into_iter().map(|cell| (cell, address.clone())));
                }
            }
        }
    }
    found
}

/// Only what can be sent to a terminal as it stands.
fn is_fit(address: &str) -> bool {
    let scheme = address.starts_with("https://") || address.starts_with("http://");
    scheme && (MIN_CELLS..=MAX_BYTES).contains(&address.len()) && address.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The cells of an address that begins here.
fn whole(buffer: &Buffer, (x, y): (u16, u16), letters: &[&str]) -> Option<Vec<(u16, u16)>> {
    let mut cells = vec![];
    let (mut rest, mut row) = (letters, y);
    loop {
        let line: Vec<(u16, u16)> = (x..buffer.area.right())
            .zip(rest)
            .take_while(|(x, letter)| buffer.cell((*x, row)).is_some_and(|cell| cell.symbol() == **letter))
            .map(|(x, _)| (x, row))
            .collect();
        if line.is_empty() || (cells.is_empty() && line.len() < MIN_CELLS.min(letters.len())) {
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
    fn an_address_is_found_whole_or_not_at_all() {
        let address = "https://example.org/setup/abcdef".to_owned();
        let lines = ["  https://example.or  ", "  g/setup/abcdef      ", "  https://example.org "];
        let found = find(&buffer(&lines), std::slice::from_ref(&address));
        assert_eq!(found.len(), address.len());
        assert!(found.contains_key(&(2, 0)) && found.contains_key(&(2, 1)) && !found.contains_key(&(2, 2)));
        for bad in ["https://a", "ftp://example.org/abc", "https://example.org/\u{1b}]8;;", "https://exämple.org/"] {
            assert!(find(&buffer(&[bad]), &[bad.to_owned()]).is_empty(), "{bad}");
        }
    }
}
