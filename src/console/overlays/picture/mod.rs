//! An overlay with a picture. The picture is encoded once, when it arrives; each draw reuses the result.

mod encoded;
mod kitty;
mod png;
mod sixel;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};

use self::encoded::{CELL, Encoded};
use super::begun::Begun;
use super::boxed::draw_box;
use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::domain::ids::MessageId;
use crate::domain::message::picture::{Pictures, Raster};
use crate::domain::query::{Answer, Query};

/// How a picture is drawn.
#[derive(Debug)]
pub(in crate::console) enum Drawn {
    /// As half blocks: each cell shows two pixels, one above the other.
    Blocks(Raster),
    /// In the terminal's graphics protocol.
    Encoded(Box<Encoded>),
    /// The picture is missing or cannot be decoded.
    Nothing,
}

/// The picture of a message.
#[derive(Debug)]
pub(in crate::console) struct Picture {
    message: MessageId,
    drawn: Option<Drawn>,
}

/// Returns the area of a picture: the screen without two cells at each edge.
fn picture_area(cx: &Cx) -> Rect {
    Rect { x: 2, y: 2, width: cx.columns.saturating_sub(4).max(1), height: cx.rows.saturating_sub(4).max(1) }
}

impl Picture {
    /// Opens the picture of a message.
    pub fn open(message: MessageId) -> Intent {
        Intent::Front(Box::new(Self { message, drawn: None }))
    }
}

impl Overlay for Picture {
    fn opened(&mut self, scene: &Scene<'_>, _: &mut Option<Begun>) -> Vec<Intent> {
        let (message, area) = (self.message, picture_area(scene.cx));
        // A half-block cell is one pixel wide and two high; the graphics protocols have more pixels in a cell.
        let (width, height) = match scene.cx.settings.pictures {
            Pictures::Off | Pictures::Blocks => (u32::from(area.width), u32::from(area.height) * 2),
            Pictures::Kitty | Pictures::Sixel | Pictures::Iterm2 => {
                (u32::from(area.width) * CELL.0, u32::from(area.height) * CELL.1)
            }
        };
        vec![Intent::Ask(Query::Picture { message, width, height })]
    }

    fn key(&mut self, _: &Scene<'_>, _: &Press) -> Vec<Intent> {
        vec![Intent::Close]
    }

    fn update(&mut self, scene: &Scene<'_>, event: &OverlayEvent<'_>) -> Vec<Intent> {
        let OverlayEvent::Answered(Query::Picture { message, .. }, Answer::Picture(picture)) = event else {
            return vec![];
        };
        if *message == self.message {
            let (area, id) = (picture_area(scene.cx).as_size(), message.0 as u32);
            let drawn = |raster: &Raster| match Encoded::new(raster, scene.cx.settings.pictures, area, id) {
                Some(encoded) => Drawn::Encoded(Box::new(encoded)),
                None => Drawn::Blocks(raster.clone()),
            };
            self.drawn = Some(picture.as_deref().map_or(Drawn::Nothing, drawn));
        }
        vec![]
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let theme = scene.cx.settings.theme;
        let outer = Rect { x: 1, y: 1, width: screen.width.saturating_sub(2), height: screen.height.saturating_sub(2) };
        draw_box(theme, buffer, outer, "Image", "any key closes");
        let area = picture_area(scene.cx).intersection(screen);
        match &self.drawn {
            None => put(buffer, area.x, area.y, area.width, "Loading …", theme.dim()),
            Some(Drawn::Nothing) => {
                let said = "This image cannot be shown. Press o to open the file.";
                put(buffer, area.x, area.y, area.width, said, theme.warn());
            }
            Some(Drawn::Blocks(raster)) => draw_blocks(buffer, area, raster),
            Some(Drawn::Encoded(encoded)) => encoded.draw(area, buffer),
        }
        None
    }
}

/// Draws half blocks, two pixels in a cell, centered horizontally.
pub(super) fn draw_blocks(buffer: &mut Buffer, area: Rect, raster: &Raster) {
    let scale = (f64::from(raster.width) / f64::from(area.width))
        .max(f64::from(raster.height) / f64::from(area.height * 2))
        .max(f64::MIN_POSITIVE);
    let scale = scale.max(1.0);
    let wide = ((f64::from(raster.width) / scale) as u16).clamp(1, area.width);
    let high = ((f64::from(raster.height) / scale / 2.0) as u16).clamp(1, area.height);
    let left = area.x + (area.width - wide) / 2;
    for row in 0..high {
        for column in 0..wide {
            let at = |y: u16| {
                let x = (f64::from(column) * scale) as u32;
                pixel(raster, x.min(raster.width - 1), ((f64::from(y) * scale) as u32).min(raster.height - 1))
            };
            if let Some(cell) = buffer.cell_mut((left + column, area.y + row)) {
                cell.set_symbol("▀").set_style(Style::new().fg(at(row * 2)).bg(at(row * 2 + 1)));
            }
        }
    }
}

/// Returns the color of a pixel; `Color::Reset` outside of the picture.
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
