//! Pads images before they are sent and scales previews. A build without the `pictures` feature sends images
//! unchanged and shows no previews.

#[cfg(feature = "pictures")]
mod codecs;

#[cfg(feature = "pictures")]
pub(crate) use self::codecs::{pad, preview};

/// Fails: this build cannot change images.
#[cfg(not(feature = "pictures"))]
pub(crate) fn pad(
    _: &[u8],
    _: &crate::domain::message::media::ImagePadding,
) -> Result<Vec<u8>, crate::operations::media::image_error::ImageError> {
    Err("this build of wadeck cannot pad pictures (the `pictures` feature was left out)".into())
}

/// Returns `None`: this build cannot create previews.
#[cfg(not(feature = "pictures"))]
pub(crate) fn preview(
    _: &[u8],
    _: Option<&crate::domain::message::media::ImagePadding>,
    _: (u32, u32),
) -> Option<crate::domain::message::picture::Raster> {
    None
}
