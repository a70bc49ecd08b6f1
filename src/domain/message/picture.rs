//! Pictures on their way to a screen: pixels that fit, and the ways in which a terminal can draw.

use serde::{Deserialize, Serialize};

/// How pictures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Pictures {
    #[default]
    Off,
    /// Half blocks: any terminal with colours.
    Blocks,
    Kitty,
    Sixel,
    Iterm2,
}

impl Pictures {
    pub const NAMES: [(&'static str, Self); 5] = [
        ("off", Self::Off),
        ("blocks", Self::Blocks),
        ("kitty", Self::Kitty),
        ("sixel", Self::Sixel),
        ("iterm2", Self::Iterm2),
    ];
}

/// Pixels, row by row, three bytes each.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raster {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl std::fmt::Debug for Raster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raster({}x{})", self.width, self.height)
    }
}
