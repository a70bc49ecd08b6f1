//! Kitty's graphics protocol: a PNG is sent in chunks and placed by Unicode placeholders, so that text written over
//! the picture removes it (<https://sw.kovidgoyal.net/kitty/graphics-protocol/>).

use std::fmt::Write as _;

use base64::Engine as _;
use ratatui::layout::Size;

/// Maximum base64 characters in one chunk.
const PIECE: usize = 4_096;
/// The character that Kitty replaces by a cell of the picture.
const PLACEHOLDER: char = '\u{10eeee}';

/// Returns the sequence that transmits a PNG under an image id, with a virtual placement of `size` cells.
pub(in crate::console) fn transmit(png: &[u8], size: Size, id: u32) -> String {
    let data = base64::engine::general_purpose::STANDARD.encode(png);
    let pieces = data.len().div_ceil(PIECE);
    let mut out = String::with_capacity(data.len() + pieces * 16 + 64);
    for piece in 0..pieces {
        let more = u8::from(piece + 1 < pieces);
        let text = &data[piece * PIECE..data.len().min((piece + 1) * PIECE)];
        let keys = match piece {
            0 => format!("q=2,a=T,U=1,f=100,i={id},c={},r={},", size.width, size.height),
            _ => String::new(),
        };
        let _ = write!(out, "\x1b_G{keys}m={more};{text}\x1b\\");
    }
    out
}

/// Appends the placeholder of one cell of the picture, with its row and column as diacritics. Cells beyond the
/// table's 128 rows stay empty.
pub(in crate::console) fn placeholder(symbol: &mut String, row: u16, column: u16) {
    let mark = |at: u16| ROW_COLUMN.get(usize::from(at)).and_then(|code| char::from_u32(u32::from(*code)));
    // A placeholder without a column diacritic continues its left neighbor.
    match (mark(row), mark(column)) {
        (Some(row), Some(column)) => symbol.extend([PLACEHOLDER, row, column]),
        (Some(row), None) => symbol.extend([PLACEHOLDER, row]),
        (None, _) => symbol.push(' '),
    }
}

/// The protocol's first 128 diacritics for rows and columns.
const ROW_COLUMN: [u16; 128] = [
    0x0305, 0x030d, 0x030e, 0x0310, 0x0312, 0x033d, 0x033e, 0x033f, 0x0346, 0x034a, 0x034b, 0x034c, 0x0350, 0x0351,
    0x0352, 0x0357, 0x035b, 0x0363, 0x0364, 0x0365, 0x0366, 0x0367, 0x0368, 0x0369, 0x036a, 0x036b, 0x036c, 0x036d,
    0x036e, 0x036f, 0x0483, 0x0484, 0x0485, 0x0486, 0x0487, 0x0592, 0x0593, 0x0594, 0x0595, 0x0597, 0x0598, 0x0599,
    0x059c, 0x059d, 0x059e, 0x059f, 0x05a0, 0x05a1, 0x05a8, 0x05a9, 0x05ab, 0x05ac, 0x05af, 0x05c4, 0x0610, 0x0611,
    0x0612, 0x0613, 0x0614, 0x0615, 0x0616, 0x0617, 0x0657, 0x0658, 0x0659, 0x065a, 0x065b, 0x065d, 0x065e, 0x06d6,
    0x06d7, 0x06d8, 0x06d9, 0x06da, 0x06db, 0x06dc, 0x06df, 0x06e0, 0x06e1, 0x06e2, 0x06e4, 0x06e7, 0x06e8, 0x06eb,
    0x06ec, 0x0730, 0x0732, 0x0733, 0x0735, 0x0736, 0x073a, 0x073d, 0x073f, 0x0740, 0x0741, 0x0743, 0x0745, 0x0747,
    0x0749, 0x074a, 0x07eb, 0x07ec, 0x07ed, 0x07ee, 0x07ef, 0x07f0, 0x07f1, 0x07f3, 0x0816, 0x0817, 0x0818, 0x0819,
    0x081b, 0x081c, 0x081d, 0x081e, 0x081f, 0x0820, 0x0821, 0x0822, 0x0823, 0x0825, 0x0826, 0x0827, 0x0829, 0x082a,
    0x082b, 0x082c,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_in_pieces_of_which_only_the_last_ends_it() {
        let sent = transmit(&[7; 9_000], Size::new(3, 2), 66_000);
        let pieces: Vec<&str> = sent.split_inclusive("\x1b\\").collect();
        assert_eq!(pieces.len(), 3);
        assert!(pieces[0].starts_with("\x1b_Gq=2,a=T,U=1,f=100,i=66000,c=3,r=2,m=1;"));
        assert!(pieces[1].starts_with("\x1b_Gm=1;") && pieces[2].starts_with("\x1b_Gm=0;"));
        let data: String =
            pieces.iter().filter_map(|piece| Some(piece.split_once(';')?.1.trim_end_matches("\x1b\\"))).collect();
        let read = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        assert_eq!(read, [7; 9_000]);
    }

    #[test]
    fn a_cell_says_its_row_and_column() {
        let mut symbol = String::new();
        placeholder(&mut symbol, 1, 2);
        assert_eq!(symbol, "\u{10eeee}\u{30d}\u{30e}");
    }
}
