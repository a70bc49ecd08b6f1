//! Canned replies: texts that people send often, with placeholders that are filled in for a thread.

use serde::{Deserialize, Serialize};

use crate::domain::code::Code;
use crate::domain::contacts::view::ContactView;
use crate::domain::message::label;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// The longest text, in characters.
pub const MAX_CHARACTERS: usize = 1_024;
/// Replies of one owner: a person, or everybody.
pub const MAX_REPLIES: usize = 200;

/// What can stand between `{{` and `}}`.
const PLACEHOLDERS: [&str; 3] = ["contact", "me", "window_end"];

/// Who can use a canned reply, the nearest first: an own one hides a shared one, and that one of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplySource {
    /// Only the person who saved it.
    Own,
    /// Everybody; stored by an operation.
    Shared,
    /// Everybody; declared under `[[replies]]`.
    Configuration,
}

impl ReplySource {
    /// Its name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
            Self::Configuration => "configuration",
        }
    }
}

/// A text that people send often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedReply {
    /// What is typed after `/`.
    pub short: String,
    pub text: String,
    pub source: ReplySource,
}

/// What placeholders stand for in one thread.
#[derive(Debug, Clone, Copy)]
pub struct ReplyFacts<'f> {
    pub contact: &'f ContactView,
    /// Whoever writes.
    pub me: &'f str,
    /// When the service window closes; `None` where it was never open.
    pub window_closes_at: Option<Timestamp>,
    pub now: Timestamp,
    /// What local time is ahead of UTC, in seconds.
    pub zone_offset: i64,
}

/// Parses the short name of a canned reply, with or without `/`. It has the form of a label.
pub fn short_name(text: &str) -> Result<String, Refusal> {
    label::read(text.trim_start_matches('/'))
        .map_err(|refusal| Refusal::new(Code::Name, refusal.reason.replace("label", "short name"), refusal.remedy))
}

/// Parses the short name and the text of a canned reply. Refuses an invalid name, an empty or too long text, and unknown
/// placeholders.
pub fn read(short: &str, text: &str) -> Result<(String, String), Refusal> {
    let short = short_name(short)?;
    let count = text.chars().count();
    if text.trim().is_empty() {
        return Err(Refusal::new(Code::Content, "The reply has no text.", "Give the text to send."));
    }
    if count > MAX_CHARACTERS {
        let why = format!("The reply has {count} characters; {MAX_CHARACTERS} are allowed.");
        return Err(Refusal::new(Code::TooLong, why, "Shorten it."));
    }
    for part in parts(text)? {
        if let Part::Placeholder(name) = part
            && !PLACEHOLDERS.contains(&name)
        {
            return Err(unknown(name));
        }
    }
    Ok((short, text.to_owned()))
}

enum Part<'t> {
    Text(&'t str),
    Placeholder(&'t str),
}

/// The text between placeholders, and their names.
fn parts(text: &str) -> Result<Vec<Part<'_>>, Refusal> {
    let (mut parts, mut rest) = (vec![], text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after
            .split_once("}}")
            .ok_or_else(|| Refusal::new(Code::Content, "A placeholder has no end.", "Write it like {{contact}}."))?;
        parts.extend([Part::Text(before), Part::Placeholder(name.trim())]);
        rest = behind;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

fn unknown(name: &str) -> Refusal {
    let known = PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}")).join(", ");
    let why = format!("`{{{{{}}}}}` is not a placeholder.", clean_line(name));
    Refusal::new(Code::Content, why, format!("Use {known}."))
}

/// Fills in the placeholders of a text. Refuses placeholders that do not exist, and those that have no value in this thread.
pub fn expand(text: &str, facts: &ReplyFacts<'_>) -> Result<String, Refusal> {
    let mut out = String::new();
    for part in parts(text)? {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Placeholder("contact") => {
                let name = facts.contact.name.as_ref().map(|name| name.line().trim().to_owned());
                let why = "The contact has no name.";
                let refusal = || Refusal::new(Code::Content, why, "Rename the contact, or write the text by hand.");
                out.push_str(&name.filter(|name| !name.is_empty()).ok_or_else(refusal)?);
            }
            Part::Placeholder("me") => out.push_str(&clean_line(facts.me)),
            Part::Placeholder("window_end") => {
                let open = facts.window_closes_at.filter(|at| *at > facts.now);
                let refusal = || Refusal::new(Code::WindowClosed, "The service window is closed.", "Send a template.");
                out.push_str(&local(open.ok_or_else(refusal)?, facts));
            }
            Part::Placeholder(name) => return Err(unknown(name)),
        }
    }
    Ok(out)
}

/// `18:05`, with the date where it is another day.
fn local(at: Timestamp, facts: &ReplyFacts<'_>) -> String {
    let here = |at: Timestamp| Timestamp::from_millis(at.millis() + facts.zone_offset * 1_000).to_string();
    let (then, now) = (here(at), here(facts.now));
    let (date, time) = (then.get(..10).unwrap_or_default(), then.get(11..16).unwrap_or_default());
    if now.starts_with(date) { time.to_owned() } else { format!("{date} {time}") }
}

/// One reply for each short name: an own one before a shared one before one of the configuration. Sorted by name.
pub fn nearest_first(mut replies: Vec<CannedReply>) -> Vec<CannedReply> {
    replies.sort_by(|one, other| (&one.short, one.source).cmp(&(&other.short, other.source)));
    replies.dedup_by(|later, earlier| later.short == earlier.short);
    replies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Untrusted;

    fn expanded(text: &str, name: Option<&str>, closes: Option<&str>) -> Result<String, Refusal> {
        let contact = ContactView { name: name.map(Untrusted::from), phone_number: None, user_id: None };
        let now = Timestamp::parse("2026-06-01T12:00:00Z").expect("a time");
        let facts = ReplyFacts {
            contact: &contact,
            me: "ada",
            window_closes_at: closes.and_then(Timestamp::parse),
            now,
            zone_offset: 7_200,
        };
        expand(text, &facts)
    }

    #[test]
    fn placeholders_are_filled_in_or_refused_in_words() {
        let text = "Hello {{contact}}, {{ me }} here, until {{window_end}}.";
        let today = expanded(text, Some("Rosa\u{1b}[2J"), Some("2026-06-01T16:05:00Z")).expect("expanded");
        assert!(today.starts_with("Hello Rosa") && today.ends_with(", ada here, until 18:05."), "{today}");
        assert!(!today.contains('\u{1b}'), "{today}");
        let tomorrow = expanded(text, Some("Rosa"), Some("2026-06-02T08:00:00Z")).expect("expanded");
        assert!(tomorrow.ends_with("until 2026-06-02 10:00."), "{tomorrow}");
        assert!(
            expanded(text, None, Some("2026-06-02T08:00:00Z")).expect_err("no name").to_string().contains("no name")
        );
        assert!(expanded(text, Some("Rosa"), None).expect_err("closed").to_string().contains("window is closed"));
        assert!(expanded("{{order}}", Some("Rosa"), None).expect_err("unknown").to_string().contains("`{{order}}`"));
        assert!(expanded("{{contact", Some("Rosa"), None).expect_err("no end").to_string().contains("no end"));
        assert_eq!(expanded("a } b { c }}", None, None), Ok("a } b { c }}".to_owned()));
    }

    #[test]
    fn what_is_saved_has_a_name_a_text_and_known_placeholders() {
        assert_eq!(read("/Hello", "Hi"), Ok(("hello".into(), "Hi".into())));
        for (short, text) in [("", "Hi"), ("a b!", "Hi"), ("hi", " "), ("hi", "{{name}}"), ("hi", "{{contact")] {
            assert!(read(short, text).is_err(), "{short} {text}");
        }
        assert!(read("hi", &"x".repeat(1_025)).is_err());
    }

    #[test]
    fn an_own_reply_hides_a_shared_one() {
        let reply = |short: &str, source| CannedReply { short: short.into(), text: String::new(), source };
        let all = vec![
            reply("hi", ReplySource::Configuration),
            reply("bye", ReplySource::Shared),
            reply("hi", ReplySource::Own),
        ];
        assert_eq!(nearest_first(all), [reply("bye", ReplySource::Shared), reply("hi", ReplySource::Own)]);
    }
}
