//! Encodes a raster as PNG, for the protocols that transmit files.

use crate::domain::message::picture::Raster;

/// Returns the PNG of a raster; `None` if it cannot be encoded.
#[cfg(feature = "pictures")]
pub(in crate::console) fn encode(raster: &Raster) -> Option<Vec<u8>> {
    let pixels = image::RgbImage::from_raw(raster.width, raster.height, raster.rgb.clone())?;
    let mut out = std::io::Cursor::new(vec![]);
    pixels.write_to(&mut out, image::ImageFormat::Png).ok()?;
    Some(out.into_inner())
}

/// A build without pictures has no encoder, and pictures are drawn as half blocks.
#[cfg(not(feature = "pictures"))]
pub(in crate::console) fn encode(_: &Raster) -> Option<Vec<u8>> {
    None
}
