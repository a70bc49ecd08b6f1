//! Images for the screen: scaled pixels, and the ways in which terminals draw images.

use serde::{Deserialize, Serialize};

/// How images are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Pictures {
    #[default]
    Off,
    /// Half blocks: for any terminal with colors.
    Blocks,
    Kitty,
    Sixel,
    Iterm2,
}

impl Pictures {
    /// All ways to draw images, with their names in the configuration.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("off", Self::Off),
        ("blocks", Self::Blocks),
        ("kitty", Self::Kitty),
        ("sixel", Self::Sixel),
        ("iterm2", Self::Iterm2),
    ];
}

/// Pixels row by row, three bytes each (red, green, blue).
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
