//! What a file is, by its own bytes; and pictures made fit: padded, shrunk, previewed.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage, imageops};

use crate::domain::media::{FileFacts, Pad};
use crate::domain::picture::Raster;

/// No picture is opened that has more pixels across than this: a small file can claim a huge one.
const WIDEST: u32 = 12_000;
/// Pixels of a side that a picture is padded to, at most.
const PADDED: u32 = 4_096;

/// Reads what the bytes say. The name helps only where text has no marks of its own.
pub(super) fn facts(bytes: &[u8], name: &str) -> FileFacts {
    let sniffed = infer::get(bytes).map(|kind| kind.mime_type());
    let ogg = bytes.starts_with(b"OggS");
    let mime_type = match sniffed {
        _ if ogg => "audio/ogg",
        Some("audio/m4a") => "audio/mp4",
        Some("video/quicktime") => "video/quicktime",
        Some(known) => known,
        None if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) => by_name(name).unwrap_or("text/plain"),
        None => by_name(name).unwrap_or("application/octet-stream"),
    };
    let mut facts = FileFacts { mime_type: mime_type.to_owned(), bytes: bytes.len() as u64, ..FileFacts::default() };
    let head = &bytes[..bytes.len().min(4_096)];
    facts.opus = ogg && find(head, b"OpusHead");
    facts.animated = mime_type == "image/webp"
        && bytes.get(12..16) == Some(b"VP8X")
        && bytes.get(20).is_some_and(|flags| flags & 2 != 0);
    if mime_type.starts_with("image/") {
        facts.size = reader(bytes).and_then(|reader| reader.into_dimensions().ok());
        if mime_type == "image/png" && bytes.get(24).is_some_and(|depth| *depth != 8) {
            facts.codec_fault = Some(format!("This PNG has {} bits per colour; the provider takes 8.", bytes[24]));
        }
    }
    if mime_type == "video/mp4" {
        let other = [(&b"hvc1"[..], "HEVC"), (b"hev1", "HEVC"), (b"av01", "AV1"), (b"vp09", "VP9")];
        if let Some((_, codec)) = other.iter().find(|(mark, _)| find(bytes, mark)) {
            facts.codec_fault = Some(format!("This video holds {codec}; phones are promised H.264."));
        }
    }
    facts
}

fn by_name(name: &str) -> Option<&'static str> {
    let ending = name.rsplit('.').next()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "pdf" => "application/pdf",
        "txt" | "csv" | "log" | "md" => "text/plain",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "amr" => "audio/amr",
        "aac" => "audio/aac",
        _ => return None,
    })
}

fn find(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn reader(bytes: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    Some(reader)
}

fn open(bytes: &[u8]) -> Result<DynamicImage, String> {
    let reader = reader(bytes).ok_or("this is no picture that can be read here")?;
    reader.decode().map_err(|error| format!("the picture cannot be read: {error}"))
}

/// Sets a picture in the middle of a canvas of one colour, as PNG.
pub(super) fn pad(bytes: &[u8], pad: &Pad) -> Result<Vec<u8>, String> {
    let padded = padded(bytes, pad)?;
    let mut out = Cursor::new(vec![]);
    padded.write_to(&mut out, ImageFormat::Png).map_err(|error| format!("the picture cannot be written: {error}"))?;
    Ok(out.into_inner())
}

fn padded(bytes: &[u8], pad: &Pad) -> Result<RgbImage, String> {
    if !(1..=PADDED).contains(&pad.width) || !(1..=PADDED).contains(&pad.height) {
        return Err(format!(
            "a picture is padded to between 1 and {PADDED} pixels, not to {}x{}",
            pad.width, pad.height
        ));
    }
    let picture = open(bytes)?;
    let corner = picture.to_rgb8().get_pixel_checked(0, 0).map_or([255; 3], |pixel| pixel.0);
    let mut canvas = RgbImage::from_pixel(pad.width, pad.height, Rgb(pad.colour.unwrap_or(corner)));
    let fitted = picture.resize(pad.width, pad.height, imageops::FilterType::Lanczos3).to_rgb8();
    let (x, y) = ((pad.width - fitted.width()) / 2, (pad.height - fitted.height()) / 2);
    imageops::overlay(&mut canvas, &fitted, i64::from(x), i64::from(y));
    Ok(canvas)
}

/// The picture in so many pixels at most, padded first where it is to be.
pub(super) fn preview(bytes: &[u8], shape: Option<&Pad>, most: (u32, u32)) -> Option<Raster> {
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

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(vec![]);
        RgbImage::from_pixel(width, height, Rgb([10, 20, 30])).write_to(&mut out, ImageFormat::Png).expect("written");
        out.into_inner()
    }

    #[test]
    fn a_wide_picture_is_set_on_its_corners_colour() {
        let wide = png(1200, 630);
        assert_eq!(facts(&wide, "x").size, Some((1200, 630)));
        let shape = Pad::read("square", "corner").expect("fine").expect("padded");
        let padded = pad(&wide, &shape).expect("padded");
        assert_eq!(facts(&padded, "x").size, Some((1080, 1080)));
        let seen = preview(&wide, Some(&shape), (40, 40)).expect("a preview");
        assert_eq!((seen.width, seen.height, &seen.rgb[..3]), (40, 40, &[10, 20, 30][..]));
        for (width, height) in [(0, 1_080), (1_080, u32::MAX)] {
            pad(&wide, &Pad { width, height, ..shape }).expect_err("no canvas of that size");
        }
    }

    #[test]
    fn bytes_decide_and_names_do_not() {
        assert_eq!(facts(&png(4, 4), "invoice.pdf").mime_type, "image/png");
        assert_eq!(facts(b"hello", "a.txt").mime_type, "text/plain");
        assert_eq!(facts(&[0, 1, 2, 3], "a.xyz").mime_type, "application/octet-stream");
        let mut ogg = b"OggS".to_vec();
        ogg.extend_from_slice(&[0; 24]);
        assert!(!facts(&ogg, "a.ogg").opus);
        ogg.extend_from_slice(b"OpusHead");
        assert!(facts(&ogg, "a.ogg").opus);
        assert!(preview(b"not a picture", None, (10, 10)).is_none());
    }
}
