//! The duration of a voice note.

use std::time::Duration;

/// Sample rate of the positions in an Opus stream. Source: RFC 7845, part 4.
const OPUS_RATE: u64 = 48_000;

/// Returns the duration of an Ogg file with Opus, which is what voice notes are; `None` for other files.
pub fn opus_duration(bytes: &[u8]) -> Option<Duration> {
    let head = bytes.windows(8).take(4_096).position(|window| window == b"OpusHead")?;
    let skip = u16::from_le_bytes(bytes.get(head + 10..head + 12)?.try_into().ok()?);
    // The last page has the position at which the stream ends.
    let last = bytes.windows(4).rposition(|window| window == b"OggS")?;
    let position = u64::from_le_bytes(bytes.get(last + 6..last + 14)?.try_into().ok()?);
    // A page that completes no packet has the position -1.
    let samples = Some(position).filter(|position| *position != u64::MAX)?.saturating_sub(u64::from(skip));
    Some(Duration::from_millis(samples.saturating_mul(1_000) / OPUS_RATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_tells_the_duration() {
        let page = |position: u64| [&b"OggS\0\0"[..], &position.to_le_bytes(), &[0; 12]].concat();
        let head = [&b"OpusHead\x01\x01"[..], &312_u16.to_le_bytes()].concat();
        let file = [page(0), head, page(48_000), page(48_000 * 12 + 312)].concat();
        assert_eq!(opus_duration(&file), Some(Duration::from_secs(12)));
        assert_eq!(opus_duration(b"ID3 something else"), None);
        assert_eq!(opus_duration(b"OggS"), None);
    }
}
