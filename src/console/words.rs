//! Formats times, ages and widths. Ages change once a minute, so that an idle screen stays unchanged.

use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::time::{Timestamp, short_span};

/// Returns an age: `now` within the first minute, then `4m`, `2h05`, `3d`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let span = now.since(since);
    if span < Duration::from_secs(60) { "now".to_owned() } else { short_span(span) }
}

/// Returns the time since something: `just now` within the first minute, then `4m ago`.
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    let span = now.since(since);
    if span < Duration::from_secs(60) { "just now".to_owned() } else { format!("{} ago", short_span(span)) }
}

/// Returns a waiting time: `waits` within the first minute, then `waits 4m`.
pub fn waits(since: Timestamp, now: Timestamp) -> String {
    let span = now.since(since);
    if span < Duration::from_secs(60) { "waits".to_owned() } else { format!("waits {}", short_span(span)) }
}

/// Returns the remaining time: `<1m` in the last minute, before that `59m` or `23h10`.
pub fn left(until: Timestamp, now: Timestamp) -> String {
    let span = until.since(now);
    if span < Duration::from_secs(60) { "<1m".to_owned() } else { short_span(span) }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(zone.clone())
}

/// Returns a time of day: `09:04`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let at = zoned(at, zone);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// Returns the date in the zone.
pub fn date(at: Timestamp, zone: &TimeZone) -> jiff::civil::Date {
    zoned(at, zone).date()
}

/// Returns a time with its day if it is not today: `09:04`, `Fri 09:04` within a week, `12 Jun 09:04`.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zoned(at, zone), zoned(now, zone));
    let days = (at.date() - now.date()).get_days().abs();
    let shape = match days {
        0 => "%H:%M",
        1..=6 => "%a %H:%M",
        _ if at.year() == now.year() => "%-d %b %H:%M",
        _ => "%-d %b %Y %H:%M",
    };
    at.strftime(shape).to_string()
}

/// Returns a time in six cells, for columns: `09:04` today, else `12 Jun`, or the year if it is another year.
pub fn stamp(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zoned(at, zone), zoned(now, zone));
    let shape = match () {
        () if at.date() == now.date() => "%H:%M",
        () if at.year() == now.year() => "%-d %b",
        () => "%Y",
    };
    format!("{:<6}", at.strftime(shape).to_string())
}

/// Returns a time of day with seconds: `09:04:12`.
pub fn clock_to_the_second(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%H:%M:%S").to_string()
}

/// Returns a day: `Mon 1 Jun`, with `today` or `yesterday` before it, or with the year if it is another year.
pub fn day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zoned(at, zone), zoned(now, zone));
    let date = at.strftime("%a %-d %b").to_string();
    match (now.date() - at.date()).get_days() {
        0 if now.date() == at.date() => format!("today, {date}"),
        1 => format!("yesterday, {date}"),
        _ if now.year() != at.year() => at.strftime("%a %-d %b %Y").to_string(),
        _ => date,
    }
}

/// Returns a full time: `2026-06-01 09:04:12 UTC`.
pub fn exact(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Returns the zone's offset from UTC at a time, in seconds.
pub fn offset(at: Timestamp, zone: &TimeZone) -> i64 {
    i64::from(zoned(at, zone).offset().seconds())
}

/// Returns the width of a text, in cells.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to at most `cells`, with an ellipsis where text is missing. Never cuts within a grapheme cluster.
pub fn fit(text: &str, cells: usize, ellipsis: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let room = cells.saturating_sub(width(ellipsis));
    let mut cut = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let wide = width(cluster);
        if used + wide > room {
            break;
        }
        used += wide;
        cut.push_str(cluster);
    }
    if cells >= width(ellipsis) {
        cut.push_str(ellipsis);
    }
    cut
}

/// Cuts or pads a text to exactly `cells`.
pub fn pad(text: &str, cells: usize, ellipsis: &str) -> String {
    let mut text = fit(text, cells, ellipsis);
    let missing = cells.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Joins as many parts as fit in `room` cells, in order, and at least the first.
pub fn joined(parts: impl IntoIterator<Item = String>, between: &str, room: usize) -> String {
    let mut text = String::new();
    for part in parts {
        if text.is_empty() {
            text = part;
        } else if width(&text) + width(between) + width(&part) <= room {
            text.push_str(between);
            text.push_str(&part);
        } else {
            break;
        }
    }
    text
}

/// Splits a text into pieces that may start a line: runs of whitespace, and words with their punctuation. Between
/// wide characters a line may break anywhere.
fn pieces(text: &str) -> Vec<&str> {
    // ASCII text has no wide or joined characters, so whitespace alone separates its pieces. Most text is ASCII, and
    // every frame wraps much of it.
    if text.is_ascii() {
        let alike = |a: &u8, b: &u8| a.is_ascii_whitespace() == b.is_ascii_whitespace();
        return text.as_bytes().chunk_by(alike).map(|run| str::from_utf8(run).unwrap_or_default()).collect();
    }
    by_words(text)
}

/// Splits a text into pieces by Unicode word boundaries; the general case of `pieces`.
fn by_words(text: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = vec![];
    let mut start = 0;
    let mut before: Option<&str> = None;
    for (at, word) in text.split_word_bound_indices() {
        let blank = |part: &str| part.trim().is_empty();
        let wide_edge = |part: &str| part.graphemes(true).any(|cluster| width(cluster) > 1);
        let together = before
            .is_some_and(|last| blank(last) == blank(word) && (blank(word) || !(wide_edge(last) || wide_edge(word))));
        if before.is_some() && !together {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(word);
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Returns a grapheme cluster whole, or as single characters if it is wider than a line, as stacked vowel signs are.
fn parts(cluster: &str, cells: usize) -> Vec<&str> {
    if width(cluster) <= cells {
        return vec![cluster];
    }
    cluster.char_indices().map(|(at, letter)| &cluster[at..at + letter.len_utf8()]).collect()
}

/// Wraps a text by words into lines of at most `cells`; a longer word is cut.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    // One character is up to three cells wide (U+17D8), and it must fit on a line.
    let cells = cells.max(3);
    if width(text) <= cells {
        return vec![text.trim_end().to_owned()];
    }
    let mut lines = vec![];
    let mut line = String::new();
    let mut used = 0;
    for word in pieces(text) {
        let wide = width(word);
        if used + wide <= cells {
            line.push_str(word);
            used += wide;
            continue;
        }
        if word.trim().is_empty() {
            // Whitespace at the end of a line is not carried over.
            continue;
        }
        if wide <= cells {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            line.push_str(word);
            used = wide;
            continue;
        }
        for cluster in word.graphemes(true).flat_map(|cluster| parts(cluster, cells)) {
            let wide = width(cluster);
            if used + wide > cells {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(cluster);
            used += wide;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_and_joined_characters_are_never_cut_apart() {
        assert_eq!(fit("日本語テキスト", 7, "…"), "日本語…");
        assert_eq!(fit("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5, "…"), "👩‍👩‍👧👩‍👩‍👧…");
        assert_eq!(pad("né", 4, "…"), "né  ");
    }

    #[test]
    fn the_first_minute_is_just_now() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        assert_eq!([ago(at(0), at(59)), ago(at(0), at(60))], ["just now", "1m ago"]);
        assert_eq!(ago(at(100), at(0)), "just now", "the clock was set back");
    }

    #[test]
    fn punctuation_stays_with_its_word() {
        assert_eq!(wrap("Was kostet das? (price list)", 16), ["Was kostet das?", "(price list)"]);
        assert_eq!(wrap("日本語テキスト", 6), ["日本語", "テキス", "ト"]);
        assert_eq!(wrap("a verylongword", 6), ["a very", "longwo", "rd"], "what fits nowhere fills the line");
    }

    #[test]
    fn days_are_named_as_people_do() {
        let zone = TimeZone::UTC;
        let now = Timestamp::parse("2026-06-01T09:00:00Z").expect("a time");
        assert_eq!(day(now, now, &zone), "today, Mon 1 Jun");
        assert_eq!(day(Timestamp::parse("2026-05-31T23:59:59Z").expect("a time"), now, &zone), "yesterday, Sun 31 May");
        assert_eq!(day(Timestamp::parse("2025-05-31T23:59:59Z").expect("a time"), now, &zone), "Sat 31 May 2025");
    }

    #[test]
    fn another_day_is_never_taken_for_today() {
        let zone = TimeZone::UTC;
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        let now = at("2026-06-01T09:00:00Z");
        let told = |text: &str| (moment(at(text), now, &zone), stamp(at(text), now, &zone));
        assert_eq!(told("2026-06-01T23:59:00Z"), ("23:59".into(), "23:59 ".into()));
        assert_eq!(told("2026-06-02T00:01:00Z"), ("Tue 00:01".into(), "2 Jun ".into()));
        assert_eq!(told("2026-05-26T08:00:00Z"), ("Tue 08:00".into(), "26 May".into()));
        assert_eq!(told("2026-06-08T09:00:00Z"), ("8 Jun 09:00".into(), "8 Jun ".into()));
        assert_eq!(told("2027-01-02T09:00:00Z"), ("2 Jan 2027 09:00".into(), "2027  ".into()));
    }

    #[test]
    fn heaped_signs_are_broken_where_no_line_could_hold_them() {
        for heap in [" \u{b4b}\u{a03}".to_owned(), format!("क{}", "\u{93e}".repeat(100))] {
            let lines = wrap(&heap, 20);
            assert!(lines.iter().all(|line| width(line) <= 20), "{lines:?}");
            assert!(wrap(&heap, 0).iter().all(|line| width(line) <= 3));
        }
    }

    proptest! {
        #[test]
        fn the_short_way_parts_as_the_long_one_does(text in "[ -~]{0,60}") {
            prop_assert_eq!(pieces(&text), by_words(&text));
        }

        #[test]
        fn what_is_fitted_fits(text in any::<String>(), cells in 0_usize..40) {
            let text = crate::domain::text::clean_line(&text);
            prop_assert!(width(&fit(&text, cells, "…")) <= cells);
            for line in wrap(&text, cells) {
                prop_assert!(width(&line) <= cells.max(3), "{line:?}");
            }
        }
    }
}
