//! Determines the type of a file from its bytes.

use crate::domain::message::media::FileFacts;

/// Returns the facts about a file. The name is used only if the bytes have no signature.
pub(crate) fn facts(bytes: &[u8], name: &str) -> FileFacts {
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
    facts.stereo = facts.opus && channels(head).is_some_and(|channels| channels > 1);
    if sniffed.is_none() && !ogg {
        facts.codec_fault = misnamed(name);
    }
    facts.animated = mime_type == "image/webp"
        && bytes.get(12..16) == Some(b"VP8X")
        && bytes.get(20).is_some_and(|flags| flags & 2 != 0);
    if mime_type.starts_with("image/") {
        facts.size = dimensions(bytes);
        if mime_type == "image/png" && bytes.get(24).is_some_and(|depth| *depth != 8) {
            facts.codec_fault = Some(format!("This PNG has {} bits per colour; the provider takes 8.", bytes[24]));
        }
    }
    if mime_type == "video/mp4" {
        let other =
            [(&b"hvc1"[..], "HEVC"), (b"hev1", "HEVC"), (b"av01", "AV1"), (b"vp09", "VP9"), (b"mp4v", "MPEG-4 Part 2")];
        if let Some((_, codec)) = other.iter().find(|(mark, _)| find(bytes, mark)) {
            facts.codec_fault = Some(format!("This video holds {codec}; phones are promised H.264."));
        }
    }
    facts
}

/// Returns the number of channels of an Opus file. Source: RFC 7845, part 5.1.
fn channels(head: &[u8]) -> Option<u8> {
    let at = head.windows(8).position(|window| window == b"OpusHead")?;
    head.get(at + 9).copied().filter(|_| head.get(at + 8) == Some(&1))
}

/// Returns the fault of a file whose name promises a picture, a video or a sound that its bytes are not.
fn misnamed(name: &str) -> Option<String> {
    const PROMISES: [&str; 14] =
        ["png", "jpg", "jpeg", "webp", "gif", "heic", "mp4", "3gp", "mov", "webm", "mp3", "m4a", "ogg", "opus"];
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let what = PROMISES.contains(&ending.as_str()).then(|| ending.to_ascii_uppercase())?;
    Some(format!("The file has the ending of {what}, but its content is not {what}."))
}

/// Returns width and height in pixels from the file's header; `None` if the image format is unknown.
fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(bytes).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The start of a PNG, which is all that the function reads.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\xb0\0\0\x02\x76\x08\x02\0\0\0";

    #[test]
    fn bytes_decide_and_names_do_not() {
        let png = facts(PNG, "invoice.pdf");
        assert_eq!((png.mime_type.as_str(), png.size), ("image/png", Some((1_200, 630))));
        assert_eq!(facts(b"hello", "a.txt").mime_type, "text/plain");
        assert_eq!(facts(&[0, 1, 2, 3], "a.xyz").mime_type, "application/octet-stream");
        let mut ogg = b"OggS".to_vec();
        ogg.extend_from_slice(&[0; 24]);
        assert!(!facts(&ogg, "a.ogg").opus);
        ogg.extend_from_slice(b"OpusHead");
        assert!(facts(&ogg, "a.ogg").opus);
        ogg.extend_from_slice(&[1, 1]);
        assert!(!facts(&ogg, "a.ogg").stereo);
        let last = ogg.len() - 1;
        ogg[last] = 2;
        assert!(facts(&ogg, "a.ogg").stereo, "two channels");
        let broken = facts(b"hello", "door.png").codec_fault.expect("no PNG");
        assert!(broken.contains("not PNG"), "{broken}");
        assert_eq!(facts(b"hello", "a.txt").codec_fault, None);
    }
}
