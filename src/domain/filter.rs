//! The filter language: words, and terms such as `status:failed dir:out since:2h`. Lists, searches, bulk actions and
//! the command line share this parser.

use std::time::Duration;

use crate::domain::code::Code;
use crate::domain::inbound::event::Direction;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::numbers::connection::Environment;
use crate::domain::outbox::entry::EntryState;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

/// Values of the `is:` term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    Unread,
    /// The latest message is the contact's.
    Unanswered,
    /// Owned by the caller.
    Mine,
    /// Waits for a person; sorted by waiting time, longest first.
    Waiting,
    /// An agent answers, and no person is waited for.
    Agent,
    /// A person marked the thread as resolved.
    Resolved,
    /// Snoozed until a time.
    Snoozed,
    /// The contact's message has no answer, and no person, agent or rule is responsible for it.
    Unattended,
    /// The service window is open. `Closed` is the opposite.
    Open,
    Closed,
    OptedOut,
    Held,
    /// Overdue and not sent yet.
    Late,
    Test,
    /// A new contact who has not been answered yet.
    New,
}

impl Is {
    pub const ALL: [(&'static str, Self); 15] = [
        ("unread", Self::Unread),
        ("unanswered", Self::Unanswered),
        ("mine", Self::Mine),
        ("waiting", Self::Waiting),
        ("agent", Self::Agent),
        ("resolved", Self::Resolved),
        ("snoozed", Self::Snoozed),
        ("unattended", Self::Unattended),
        ("open", Self::Open),
        ("closed", Self::Closed),
        ("out", Self::OptedOut),
        ("held", Self::Held),
        ("late", Self::Late),
        ("test", Self::Test),
        ("new", Self::New),
    ];
}

/// Values of the `status:` term: a delivery status or the state of an outbox entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusTerm {
    Message(DeliveryStatus),
    Entry(EntryState),
}

/// One term of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Words that the text contains; `NotWords` are words that it does not contain.
    Words(String),
    NotWords(String),
    Status(StatusTerm),
    Direction(Direction),
    /// Digits that the contact's phone number contains.
    Number(String),
    Template(String),
    Agent(String),
    /// The author, a person or an agent.
    Author(String),
    Connection(String),
    Environment(Environment),
    /// Organization name, with `_` for spaces.
    Organization(String),
    Kind(String),
    Code(String),
    /// The thread has this label.
    Label(String),
    /// Not older than this time.
    Since(Timestamp),
    /// Not newer than this time.
    Until(Timestamp),
    Is(Is),
}

/// A parsed filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub terms: Vec<Term>,
}

const NAMES: &str = "status: dir: num: tpl: agent: by: conn: env: org: kind: code: label: since: until: is:";

impl Filter {
    /// Parses terms and words. Refuses an unknown term or an invalid value and names the alternatives. Text in double
    /// quotes counts as words, and so does a URL such as `https://…`.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, Refusal> {
        let mut terms = vec![];
        let mut words: Vec<&str> = vec![];
        for part in parts(text) {
            if let Some(quoted) = part.strip_prefix('"') {
                words.extend(Some(quoted.strip_suffix('"').unwrap_or(quoted)).filter(|quoted| !quoted.is_empty()));
                continue;
            }
            if let Some(not) = part.strip_prefix('!').filter(|rest| !rest.is_empty()) {
                terms.push(Term::NotWords(not.to_lowercase()));
                continue;
            }
            // `state:` is the name in the outbox and in JSON.
            let named = part.split_once(':').map(|(name, value)| match name.to_ascii_lowercase() {
                name if name == "state" => ("status".to_owned(), value),
                name => (name, value),
            });
            match &named {
                // An incomplete term has no effect yet.
                Some((name, "")) if known(name) => {}
                Some((name, value)) if known(name) => terms.push(term(name, value, now)?),
                Some((name, value)) if is_name(name) && !value.starts_with("//") => return Err(no_term(name)),
                _ => words.push(part),
            }
        }
        if !words.is_empty() {
            terms.insert(0, Term::Words(words.join(" ")));
        }
        Ok(Self { terms })
    }

    /// Returns the words of the filter; empty if it has none.
    pub fn words(&self) -> &str {
        self.terms
            .iter()
            .find_map(|term| match term {
                Term::Words(words) => Some(words.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Returns `true` if the filter has no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns `true` if the filter contains an `is:` term.
    pub fn asks(&self, wanted: Is) -> bool {
        self.terms.contains(&Term::Is(wanted))
    }
}

/// Splits at whitespace; text in double quotes is one part, including its quotes.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = vec![];
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map_or(rest.len(), |end| end + 2),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    parts
}

/// Returns `true` if this has the form of a term's name.
fn is_name(name: &str) -> bool {
    name.len() >= 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Builds the refusal of an unknown term, with the nearest known one.
fn no_term(name: &str) -> Refusal {
    let near = NAMES.split(' ').min_by_key(|known| distance(known.trim_end_matches(':'), name));
    let near = near.filter(|known| distance(known.trim_end_matches(':'), name) <= known.len().min(name.len() + 1) / 2);
    let why = format!("Unknown filter term `{name}:`.");
    let quoted = format!("write it in quotes, such as \"{name}: …\", to search for it as text");
    Refusal::new(
        Code::Filter,
        why,
        match near {
            Some(near) => format!("Did you mean `{near}`? Known terms are {NAMES}; {quoted}."),
            None => format!("Known terms are {NAMES}; {quoted}."),
        },
    )
}

/// Returns the edit distance: changed, added, removed and swapped letters.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().take(40).collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

/// Returns `true` if a term of the filter language has this name.
pub fn is_term(name: &str) -> bool {
    known(name) || name == "state"
}

/// Returns `true` for the name of a term, without aliases.
fn known(name: &str) -> bool {
    NAMES.split(' ').any(|known| known.strip_suffix(':') == Some(name))
}

/// Parses the value of a term.
fn term(name: &str, typed: &str, now: Timestamp) -> Result<Term, Refusal> {
    // Names of templates, agents and people keep their case.
    let lower = typed.to_lowercase();
    let value = match name {
        "tpl" | "agent" | "by" | "code" | "since" | "until" => typed,
        _ => lower.as_str(),
    };
    let refused = |instead: String| {
        let why = format!("Invalid value in `{name}:{}`.", crate::domain::text::clean_line(value));
        Refusal::new(Code::Filter, why, instead)
    };
    Ok(match name {
        "status" => Term::Status(status(value).ok_or_else(|| {
            refused(
                "Say queued, sending, accepted, sent, delivered, read, failed, uncertain, dead or discarded.".into(),
            )
        })?),
        "dir" => Term::Direction(match value {
            "in" | "inbound" => Direction::Inbound,
            "out" | "outbound" => Direction::Outbound,
            _ => return Err(refused("Say dir:in or dir:out.".into())),
        }),
        "num" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            if digits.is_empty() {
                return Err(refused("Give digits of the number, such as num:4567.".into()));
            }
            Term::Number(digits)
        }
        "tpl" => Term::Template(value.to_owned()),
        "agent" => Term::Agent(value.to_owned()),
        "by" => Term::Author(value.to_owned()),
        "conn" => Term::Connection(value.to_lowercase()),
        "env" => Term::Environment(match value {
            "dev" | "development" => Environment::Development,
            "prod" | "production" => Environment::Production,
            _ => return Err(refused("Say env:development or env:production.".into())),
        }),
        "org" => Term::Organization(value.to_lowercase()),
        "kind" => Term::Kind(value.to_lowercase()),
        "code" => Term::Code(value.to_owned()),
        "label" => Term::Label(value.to_owned()),
        "since" => Term::Since(point(value, now).ok_or_else(|| refused(TIMES.into()))?),
        "until" => Term::Until(point(value, now).ok_or_else(|| refused(TIMES.into()))?),
        _ => {
            Term::Is(
                Is::ALL.iter().find(|(known, _)| *known == value).map(|(_, is)| *is).ok_or_else(|| {
                    refused(format!("Say {}.", Is::ALL.map(|(name, _)| format!("is:{name}")).join(", ")))
                })?,
            )
        }
    })
}

const TIMES: &str = "Say how long ago, such as 30m, 2h or 3d, or a time such as 2026-06-01 or 2026-06-01T09:00:00Z.";

/// Parses a delivery status or an entry state.
fn status(value: &str) -> Option<StatusTerm> {
    // `failed` matches failures before and after the provider accepted the message.
    let message = [
        DeliveryStatus::Received,
        DeliveryStatus::Sent,
        DeliveryStatus::Delivered,
        DeliveryStatus::Read,
        DeliveryStatus::Played,
        DeliveryStatus::Failed,
    ];
    message
        .into_iter()
        .find(|status| status.name() == value)
        .map(StatusTerm::Message)
        // `refused` is the old name: only entries that a rule or the provider refused, without dead ones.
        .or_else(|| (value == "refused").then_some(StatusTerm::Entry(EntryState::Failed)))
        .or_else(|| EntryState::from_name(value).map(StatusTerm::Entry))
}

/// Parses a time span before now such as `2h`, a date, or an exact time.
fn point(value: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(span) = span(value) {
        return Some(now.minus(span));
    }
    Timestamp::parse(value).or_else(|| Timestamp::parse(&format!("{value}T00:00:00Z")))
}

/// Parses `90s`, `30m`, `2h`, `3d` or `1w`.
pub fn span(value: &str) -> Option<Duration> {
    let unit = value.chars().next_back()?;
    let count: u64 = value[..value.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    Some(Duration::from_secs(count.checked_mul(seconds)?))
}

/// Parses a future time: a span from now such as `30m`, a local time of day, `tomorrow` with a time of day, a local date
/// and time, or an RFC 3339 time. `zone_offset` is the local offset from UTC in seconds.
pub fn when(text: &str, now: Timestamp, zone_offset: i64) -> Result<Timestamp, Refusal> {
    let text = text.trim();
    let refused = || {
        let why = format!("`{}` is not a time.", crate::domain::text::clean_line(text));
        Refusal::new(Code::Time, why, "Write 30m, 2h, 18:30, tomorrow 09:00, 2026-06-02 09:00 or 2026-06-02T09:00:00Z.")
    };
    if let Some(span) = span(text) {
        return Ok(now.plus(span));
    }
    if let Some(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let local = |date: &str, time: &str| {
        let at = Timestamp::parse(&format!("{date}T{time}:00Z"))?;
        Some(Timestamp::from_millis(at.millis() - zone_offset * 1_000))
    };
    let whole = |text: &str| -> Option<Timestamp> {
        let (date, time) = text.split_once([' ', 'T'])?;
        local(date, time)
    };
    if let Some(at) = whole(text) {
        return Ok(at);
    }
    let day = |ahead: u64| {
        let at = now.plus(Duration::from_secs(ahead * 86_400));
        Timestamp::from_millis(at.millis() + zone_offset * 1_000).to_string().get(..10).unwrap_or_default().to_owned()
    };
    let tomorrow = text.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("tomorrow"));
    if let Some((_, time)) = tomorrow {
        return local(&day(1), time.trim()).ok_or_else(refused);
    }
    let at = local(&day(0), text).ok_or_else(refused)?;
    // A time of day that has passed today means tomorrow.
    Ok(if at <= now { at.plus(Duration::from_secs(86_400)) } else { at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-06-01T12:00:00Z").expect("a time")
    }

    #[test]
    fn terms_and_words_are_told_apart() {
        let filter =
            Filter::read("status:failed where is dir:out num:…4567 since:2h !refund code:131047", now()).expect("read");
        assert_eq!(filter.words(), "where is");
        assert!(filter.terms.contains(&Term::Status(StatusTerm::Message(DeliveryStatus::Failed))));
        assert!(filter.terms.contains(&Term::Number("4567".into())));
        assert!(filter.terms.contains(&Term::Since(Timestamp::parse("2026-06-01T10:00:00Z").expect("a time"))));
        assert!(filter.terms.contains(&Term::NotWords("refund".into())));
        assert_eq!(Filter::read("https://a.b is", now()).expect("words").words(), "https://a.b is");
        assert!(Filter::read("status:", now()).expect("half typed").is_empty());
        let older = Filter::read("status:refused", now()).expect("the word of before");
        assert_eq!(older.terms, [Term::Status(StatusTerm::Entry(EntryState::Failed))]);
    }

    #[test]
    fn what_cannot_be_read_says_what_could() {
        for text in ["status:broken", "dir:up", "num:abc", "since:yesterday", "is:happy"] {
            let refused = Filter::read(text, now()).expect_err("refused");
            assert!(refused.remedy.len() > 10, "{text}: {refused}");
        }
    }

    #[test]
    fn a_name_that_no_term_has_is_refused_with_the_nearest() {
        for (text, near) in [
            ("staus:failed", "`status:`"),
            ("Stauts:failed", "`status:`"),
            ("is:unread connn:support", "`conn:`"),
            ("sinc:2h", "`since:`"),
            ("staus:", "`status:`"),
        ] {
            let refused = Filter::read(text, now()).expect_err(text).to_string();
            assert!(refused.contains(near), "{text}: {refused}");
        }
        let refused = Filter::read("invoice:17", now()).expect_err("no term").to_string();
        assert!(refused.contains("Unknown filter term `invoice:`") && !refused.contains("Did you mean"), "{refused}");
        for words in ["\"re: invoice\"", "https://a.b/c", "10:30", "a:b", "¿qué:tal"] {
            let read = Filter::read(words, now()).expect(words);
            assert_eq!(read.words(), words.trim_matches('"'));
        }
        assert_eq!(Filter::read("STATUS:Failed", now()), Filter::read("status:failed", now()));
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let at = |text: &str| when(text, now(), 7_200).map(|at| at.to_string());
        assert_eq!(at("30m").expect("a time"), "2026-06-01T12:30:00Z");
        assert_eq!(at("18:30").expect("a time"), "2026-06-01T16:30:00Z", "local time");
        assert_eq!(at("09:00").expect("a time"), "2026-06-02T07:00:00Z", "tomorrow");
        assert_eq!(at("2026-06-02 09:00").expect("a time"), "2026-06-02T07:00:00Z");
        assert_eq!(at("tomorrow 18:30").expect("a time"), "2026-06-02T16:30:00Z");
        assert_eq!(at("Tomorrow  09:00").expect("a time"), "2026-06-02T07:00:00Z");
        assert!(at("tomorrow").is_err() && at("tomorrow noon").is_err());
        assert!(at("soon").is_err() && at("25:00").is_err());
    }
}
