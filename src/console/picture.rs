//! A picture in front: made fit for the terminal once, when it comes, and only drawn after that.

use ratatui::layout::{Rect, Size};
use ratatui::style::Color;
use ratatui_image::Resize;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::Protocol;

use super::overlay::Overlay;
use super::{Console, Effect};
use crate::domain::ids::MessageId;
use crate::domain::picture::{Pictures, Raster};
use crate::domain::query::Query;

/// A picture as it is drawn.
pub(super) enum Drawn {
    /// Two pixels in a cell, one above the other.
    Blocks(Raster),
    /// In the terminal's own way.
    Encoded(Box<Protocol>),
    /// It is not there, or no picture.
    Nothing,
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drawn")
    }
}

impl Console {
    /// Where a picture goes: the whole screen but its edges.
    pub(super) fn picture_area(&self) -> Rect {
        Rect { x: 2, y: 2, width: self.columns.saturating_sub(4).max(1), height: self.rows.saturating_sub(4).max(1) }
    }

    pub(super) fn view_picture(&mut self, message: MessageId) -> Vec<Effect> {
        self.data.picture = None;
        self.overlay = Some(Overlay::Picture(message));
        let area = self.picture_area();
        // Half blocks hold one pixel across and two down; other ways take finer pixels.
        let (width, height) = match self.settings.pictures {
            Pictures::Off | Pictures::Blocks => (u32::from(area.width), u32::from(area.height) * 2),
            Pictures::Kitty | Pictures::Sixel | Pictures::Iterm2 => {
                (u32::from(area.width) * 8, u32::from(area.height) * 16)
            }
        };
        self.ask(Query::Picture { message, width, height })
    }

    pub(super) fn show_picture(&mut self, message: MessageId, picture: Option<Box<Raster>>) {
        if !matches!(self.overlay, Some(Overlay::Picture(shown)) if shown == message) {
            return;
        }
        let way = match self.settings.pictures {
            Pictures::Kitty => Some(ProtocolType::Kitty),
            Pictures::Sixel => Some(ProtocolType::Sixel),
            Pictures::Iterm2 => Some(ProtocolType::Iterm2),
            Pictures::Off | Pictures::Blocks => None,
        };
        self.data.picture = Some(match (picture, way) {
            (None, _) => Drawn::Nothing,
            (Some(raster), None) => Drawn::Blocks(*raster),
            (Some(raster), Some(way)) => encoded(&raster, way, self.picture_area()).unwrap_or(Drawn::Blocks(*raster)),
        });
    }
}

fn encoded(raster: &Raster, way: ProtocolType, area: Rect) -> Option<Drawn> {
    let pixels = image::RgbImage::from_raw(raster.width, raster.height, raster.rgb.clone())?;
    let mut picker = Picker::halfblocks();
    picker.set_protocol_type(way);
    let size = Size::new(area.width, area.height);
    let protocol = picker.new_protocol(image::DynamicImage::ImageRgb8(pixels), size, Resize::Fit(None)).ok()?;
    Some(Drawn::Encoded(Box::new(protocol)))
}

/// The colour of a pixel, black beyond the edge.
pub(super) fn pixel(raster: &Raster, x: u32, y: u32) -> Color {
    if x >= raster.width || y >= raster.height {
        return Color::Reset;
    }
    let at = ((y * raster.width + x) * 3) as usize;
    match raster.rgb.get(at..at + 3) {
        Some([red, green, blue]) => Color::Rgb(*red, *green, *blue),
        _ => Color::Reset,
    }
}
