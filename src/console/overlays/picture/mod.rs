//! A picture in front: encoded for the terminal once, when it comes, and only drawn after that.

mod encoded;
mod kitty;
mod png;
mod sixel;

use ratatui::layout::Rect;
use ratatui::style::Color;

use self::encoded::{CELL, Encoded};
use crate::console::overlays::Overlay;
use crate::console::{Console, Effect};
use crate::domain::ids::MessageId;
use crate::domain::message::picture::{Pictures, Raster};
use crate::domain::query::Query;

/// A picture as it is drawn.
#[derive(Debug)]
pub(in crate::console) enum Drawn {
    /// Two pixels in a cell, one above the other.
    Blocks(Raster),
    /// In the terminal's own protocol.
    Encoded(Box<Encoded>),
    /// It is not there, or no picture.
    Nothing,
}

impl Console {
    /// Where a picture goes: the whole screen but its edges.
    pub(in crate::console) fn picture_area(&self) -> Rect {
        Rect {
            x: 2,
            y: 2,
            width: self.cx.columns.saturating_sub(4).max(1),
            height: self.cx.rows.saturating_sub(4).max(1),
        }
    }

    pub(in crate::console) fn view_picture(&mut self, message: MessageId) -> Vec<Effect> {
        self.loaded.picture = None;
        self.overlay = Some(Overlay::Picture(message));
        let area = self.picture_area();
        // Half blocks hold one pixel across and two down; other ways take finer pixels.
        let (width, height) = match self.cx.settings.pictures {
            Pictures::Off | Pictures::Blocks => (u32::from(area.width), u32::from(area.height) * 2),
            Pictures::Kitty | Pictures::Sixel | Pictures::Iterm2 => {
                (u32::from(area.width) * CELL.0, u32::from(area.height) * CELL.1)
            }
        };
        self.ask(Query::Picture { message, width, height })
    }

    pub(in crate::console) fn show_picture(&mut self, message: MessageId, picture: Option<Box<Raster>>) {
        if !matches!(self.overlay, Some(Overlay::Picture(shown)) if shown == message) {
            return;
        }
        let id = message.0 as u32;
        self.loaded.picture = Some(match picture {
            None => Drawn::Nothing,
            Some(raster) => match Encoded::new(&raster, self.cx.settings.pictures, self.picture_area().as_size(), id) {
                Some(encoded) => Drawn::Encoded(Box::new(encoded)),
                None => Drawn::Blocks(*raster),
            },
        });
    }
}

/// The colour of a pixel, black beyond the edge.
pub(in crate::console) fn pixel(raster: &Raster, x: u32, y: u32) -> Color {
    if x >= raster.width || y >= raster.height {
        return Color::Reset;
    }
    let at = ((y * raster.width + x) * 3) as usize;
    match raster.rgb.get(at..at + 3) {
        Some([red, green, blue]) => Color::Rgb(*red, *green, *blue),
        _ => Color::Reset,
    }
}
