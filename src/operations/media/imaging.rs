//! Pictures padded before they are sent, and shrunk to be shown. A build without the `pictures` feature
//! sends them as they are and shows none.

#[cfg(feature = "pictures")]
mod codecs;

#[cfg(feature = "pictures")]
pub(crate) use self::codecs::{pad, preview};

/// Refuses: this build cannot change a picture.
#[cfg(not(feature = "pictures"))]
pub(crate) fn pad(
    _: &[u8],
    _: &crate::domain::message::media::ImagePadding,
) -> Result<Vec<u8>, crate::operations::media::image_error::ImageError> {
    Err("this build of wadeck cannot pad pictures (the `pictures` feature was left out)".into())
}

/// Nothing can be shown.
#[cfg(not(feature = "pictures"))]
pub(crate) fn preview(
    _: &[u8],
    _: Option<&crate::domain::message::media::ImagePadding>,
    _: (u32, u32),
) -> Option<crate::domain::message::picture::Raster> {
    None
}
