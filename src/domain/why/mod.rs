//! Why: the chain of causes in plain words, from the bytes that were received to now; and for what did
//! not happen, what stood in its way. Pure: what is known goes in, sentences come out.

mod arrival;
mod others;
mod sending;

use serde::{Deserialize, Serialize};

pub use self::arrival::{ArrivalFacts, of_arrival, of_thread};
pub use self::others::{of_alert, of_assignment, of_connection, of_contact, of_delivery, of_run, of_template};
pub use self::sending::of_entry;

use crate::domain::time::{Timestamp, short_span};

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub at: Option<Timestamp>,
    pub said: String,
    /// The id of what it is about, to ask on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// The answer to "why?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub id: String,
    /// What was asked about, in a few words.
    pub about: String,
    /// The answer in one sentence.
    pub answer: String,
    /// Which cause it is, for programs.
    pub cause: String,
    /// What can be done, where something can.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// How it came to this, the oldest first.
    pub chain: Vec<Cause>,
}

/// Collects a chain and ends in an answer.
#[derive(Debug, Default)]
struct Chain {
    links: Vec<Cause>,
}

impl Chain {
    fn at(&mut self, at: Timestamp, said: impl Into<String>) {
        self.links.push(Cause { at: Some(at), said: said.into(), about: None });
    }

    fn about(&mut self, at: Option<Timestamp>, said: impl Into<String>, about: impl ToString) {
        self.links.push(Cause { at, said: said.into(), about: Some(about.to_string()) });
    }

    fn note(&mut self, said: impl Into<String>) {
        self.links.push(Cause { at: None, said: said.into(), about: None });
    }

    fn end(mut self, id: impl ToString, about: impl Into<String>, verdict: Verdict) -> Why {
        // What has a time stands in its order; what has none stands where it was said.
        let mut last = Timestamp::EPOCH;
        let mut keyed: Vec<(Timestamp, usize, Cause)> = vec![];
        for (place, link) in self.links.drain(..).enumerate() {
            last = link.at.unwrap_or(last);
            keyed.push((last, place, link));
        }
        keyed.sort_by_key(|(at, place, _)| (*at, *place));
        Why {
            id: id.to_string(),
            about: about.into(),
            answer: verdict.answer,
            cause: verdict.cause.to_owned(),
            remedy: verdict.remedy,
            chain: keyed.into_iter().map(|(.., link)| link).collect(),
        }
    }
}

/// The answer, by its name.
#[derive(Debug)]
struct Verdict {
    cause: &'static str,
    answer: String,
    remedy: String,
}

impl Verdict {
    fn new(cause: &'static str, answer: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause, answer: answer.into(), remedy: remedy.into() }
    }
}

/// "the window closes in 41m", "the window closed 2h05 ago", "the window was never open".
fn window_words(closes_at: Option<Timestamp>, now: Timestamp) -> String {
    match closes_at {
        Some(at) if at > now => format!("the window closes in {}", short_span(at.since(now))),
        Some(at) => format!("the window closed {} ago", short_span(now.since(at))),
        None => "the window was never open".to_owned(),
    }
}
