//! A picture in a terminal's graphics protocol: the first cell carries the escape sequence, and the picture covers
//! the other cells.

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Rect, Size};
use ratatui::style::Color;

use crate::console::overlays::picture::{kitty, png, sixel};
use crate::domain::message::picture::{Pictures, Raster};

/// Assumed size of a cell in pixels. If real cells are larger, the Kitty and iTerm2 protocols scale the picture, and
/// a sixel picture is smaller than it could be.
pub(in crate::console) const CELL: (u32, u32) = (8, 16);

/// A picture that the terminal draws itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    size: Size,
    /// The escape sequence with the pixels; it is sent with the first cell.
    sequence: String,
    /// The Kitty image id; `None` for the other protocols.
    id: Option<u32>,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoded({}x{} cells, {} bytes)", self.size.width, self.size.height, self.sequence.len())
    }
}

impl Encoded {
    /// Encodes a raster for an area of at most `most` cells; `id` is the Kitty image id. Returns `None` if the
    /// protocol has no graphics, or if the raster is empty or inconsistent.
    pub fn new(raster: &Raster, protocol: Pictures, most: Size, id: u32) -> Option<Self> {
        if raster.width == 0 || raster.rgb.len() as u64 != u64::from(raster.width) * u64::from(raster.height) * 3 {
            return None;
        }
        let cells = |pixels: u32, cell: u32, most: u16| (pixels.div_ceil(cell).min(u32::from(most)) as u16).max(1);
        let size = Size::new(cells(raster.width, CELL.0, most.width), cells(raster.height, CELL.1, most.height));
        let id = id & 0x00ff_ffff;
        let (sequence, id) = match protocol {
            Pictures::Off | Pictures::Blocks => return None,
            Pictures::Kitty => (kitty::transmit(&png::encode(raster)?, size, id), Some(id)),
            Pictures::Iterm2 => (iterm2(&png::encode(raster)?, size), None),
            Pictures::Sixel => (sixel::encode(raster), None),
        };
        Some(Self { size, sequence, id })
    }

    /// Draws the picture in the middle of the area. The covered cells belong to the picture until text overwrites
    /// them.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let (width, height) = (self.size.width.min(area.width), self.size.height.min(area.height));
        let (left, top) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
        for row in 0..height {
            for column in 0..width {
                let Some(cell) = buffer.cell_mut((left + column, top + row)) else { continue };
                let first = row == 0 && column == 0;
                match self.id {
                    Some(id) => {
                        let mut symbol = if first { self.sequence.clone() } else { String::new() };
                        kitty::placeholder(&mut symbol, row, column);
                        cell.set_symbol(&symbol).set_fg(colour_of(id)).set_diff_option(ONE_CELL);
                    }
                    None if first => {
                        cell.set_symbol(&self.sequence).set_diff_option(ONE_CELL);
                    }
                    None => {
                        cell.set_diff_option(CellDiffOption::Skip);
                    }
                }
            }
        }
    }
}

/// A symbol that contains an escape sequence is still one cell wide.
const ONE_CELL: CellDiffOption = CellDiffOption::ForcedWidth(std::num::NonZeroU16::MIN);

/// Returns the placeholder's foreground color, from which Kitty reads the image id.
fn colour_of(id: u32) -> Color {
    let [_, red, green, blue] = id.to_be_bytes();
    Color::Rgb(red, green, blue)
}

/// Returns iTerm2's sequence for an inline PNG, scaled to cells. The cursor does not move.
fn iterm2(png: &[u8], size: Size) -> String {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(png);
    format!(
        "\x1b]1337;File=inline=1;size={};width={};height={};preserveAspectRatio=1;doNotMoveCursor=1:{data}\x07",
        png.len(),
        size.width,
        size.height
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(width: u32, height: u32) -> Raster {
        Raster { width, height, rgb: vec![200; (width * height * 3) as usize] }
    }

    #[test]
    fn a_picture_covers_the_cells_that_its_pixels_need_and_no_more() {
        let most = Size::new(20, 10);
        for protocol in [Pictures::Kitty, Pictures::Sixel, Pictures::Iterm2] {
            let encoded = Encoded::new(&raster(33, 40), protocol, most, 7).expect("encoded");
            assert_eq!(encoded.size, Size::new(5, 3), "{protocol:?}");
            let large = Encoded::new(&raster(800, 800), protocol, most, 7).expect("encoded");
            assert_eq!(large.size, most, "{protocol:?}");
            let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
            encoded.draw(buffer.area, &mut buffer);
            assert!(buffer[(0, 0)].symbol().starts_with('\u{1b}'), "{protocol:?}");
        }
    }

    #[test]
    fn what_is_no_raster_is_not_encoded() {
        let short = Raster { rgb: vec![0; 5], ..raster(4, 4) };
        let most = Size::new(20, 10);
        assert_eq!(Encoded::new(&short, Pictures::Sixel, most, 1), None);
        assert_eq!(Encoded::new(&raster(0, 0), Pictures::Kitty, most, 1), None);
        assert_eq!(Encoded::new(&raster(4, 4), Pictures::Blocks, most, 1), None);
    }
}
