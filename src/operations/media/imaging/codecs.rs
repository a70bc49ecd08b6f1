//! Image decoding, padding and previews.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage, imageops};

use crate::domain::message::media::ImagePadding;
use crate::domain::message::picture::Raster;
use crate::operations::media::image_error::ImageError;

/// Maximum width and height of an image to decode, in pixels: a small file can claim a huge size.
const WIDEST: u32 = 12_000;
/// Maximum width and height of a padded image, in pixels.
const PADDED: u32 = 4_096;

fn reader(bytes: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    Some(reader)
}

fn open(bytes: &[u8]) -> Result<DynamicImage, ImageError> {
    let reader = reader(bytes).ok_or("this image format cannot be read")?;
    reader.decode().map_err(|error| format!("cannot read the image: {error}").into())
}

/// Centers an image on a canvas of one color. Returns a PNG.
pub fn pad(bytes: &[u8], pad: &ImagePadding) -> Result<Vec<u8>, ImageError> {
    let padded = padded(bytes, pad)?;
    let mut out = Cursor::new(vec![]);
    padded.write_to(&mut out, ImageFormat::Png).map_err(|error| format!("cannot write the image: {error}"))?;
    Ok(out.into_inner())
}

fn padded(bytes: &[u8], pad: &ImagePadding) -> Result<RgbImage, ImageError> {
    if !(1..=PADDED).contains(&pad.width) || !(1..=PADDED).contains(&pad.height) {
        return Err(format!(
            "an image is padded to between 1 and {PADDED} pixels, not to {}x{}",
            pad.width, pad.height
        )
        .into());
    }
    let picture = open(bytes)?;
    let corner = picture.to_rgb8().get_pixel_checked(0, 0).map_or([255; 3], |pixel| pixel.0);
    let mut canvas = RgbImage::from_pixel(pad.width, pad.height, Rgb(pad.colour.unwrap_or(corner)));
    let fitted = picture.resize(pad.width, pad.height, imageops::FilterType::Lanczos3).to_rgb8();
    let (x, y) = ((pad.width - fitted.width()) / 2, (pad.height - fitted.height()) / 2);
    imageops::overlay(&mut canvas, &fitted, i64::from(x), i64::from(y));
    Ok(canvas)
}

/// Returns a preview of at most this width and height; the image is padded first if a shape is given.
pub fn preview(bytes: &[u8], shape: Option<&ImagePadding>, most: (u32, u32)) -> Option<Raster> {
    let picture = match shape {
        Some(shape) => DynamicImage::ImageRgb8(padded(bytes, shape).ok()?),
        None => open(bytes).ok()?,
    };
    let small = picture.thumbnail(most.0.clamp(1, 1_600), most.1.clamp(1, 1_600)).to_rgb8();
    Some(Raster { width: small.width(), height: small.height(), rgb: small.into_raw() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::media::file_facts::facts;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(vec![]);
        RgbImage::from_pixel(width, height, Rgb([10, 20, 30])).write_to(&mut out, ImageFormat::Png).expect("written");
        out.into_inner()
    }

    #[test]
    fn a_wide_picture_is_set_on_its_corners_colour() {
        let wide = png(1200, 630);
        assert_eq!(facts(&wide, "x").size, Some((1200, 630)));
        let shape = ImagePadding::read("square", "corner").expect("fine").expect("padded");
        let padded = pad(&wide, &shape).expect("padded");
        assert_eq!(facts(&padded, "x").size, Some((1080, 1080)));
        let seen = preview(&wide, Some(&shape), (40, 40)).expect("a preview");
        assert_eq!((seen.width, seen.height, &seen.rgb[..3]), (40, 40, &[10, 20, 30][..]));
        for (width, height) in [(0, 1_080), (1_080, u32::MAX)] {
            pad(&wide, &ImagePadding { width, height, ..shape }).expect_err("no canvas of that size");
        }
        assert!(preview(b"not a picture", None, (10, 10)).is_none());
    }
}
