//! Explanations: the chain of causes in plain words, from the received webhook to the present state, or what
//! prevented an action. Pure functions from facts to sentences.

mod arrival;
mod others;
mod sending;

use serde::{Deserialize, Serialize};

pub use self::arrival::{ArrivalFacts, of_arrival, of_thread};
pub use self::others::{
    of_alert, of_assignment, of_connection, of_contact, of_delivery, of_run, of_setup, of_template,
};
pub use self::sending::{EntryContext, of_entry};

use crate::domain::time::{Timestamp, short_span};

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub at: Option<Timestamp>,
    pub said: String,
    /// Id of the object that the link is about, for a further query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// The explanation of an object's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub id: String,
    /// What the query was about, in a few words.
    pub about: String,
    /// The explanation in one sentence.
    pub answer: String,
    /// Name of the cause, for programs.
    pub cause: String,
    /// The remedy; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// How the state came about, oldest first.
    pub chain: Vec<Cause>,
}

/// Builds a chain and its verdict.
#[derive(Debug, Default)]
struct Chain {
    links: Vec<Cause>,
}

impl Chain {
    /// Adds a link with a time.
    fn at(&mut self, at: Timestamp, said: impl Into<String>) {
        self.links.push(Cause { at: Some(at), said: said.into(), about: None });
    }

    /// Adds a link that refers to an object.
    fn about(&mut self, at: Option<Timestamp>, said: impl Into<String>, about: impl ToString) {
        self.links.push(Cause { at, said: said.into(), about: Some(about.to_string()) });
    }

    /// Adds a link without a time.
    fn note(&mut self, said: impl Into<String>) {
        self.links.push(Cause { at: None, said: said.into(), about: None });
    }

    /// Sorts the links and returns the explanation.
    fn end(mut self, id: impl ToString, about: impl Into<String>, verdict: Verdict) -> Why {
        // Links with a time are sorted by it; links without one stay after the link before them.
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

/// The explanation with the name of its cause.
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

/// Describes the window: "the window closes in 41m", "the window closed 2h05 ago", "the window was never open".
fn window_words(closes_at: Option<Timestamp>, now: Timestamp) -> String {
    match closes_at {
        Some(at) if at > now => format!("the window closes in {}", short_span(at.since(now))),
        Some(at) => format!("the window closed {} ago", short_span(now.since(at))),
        None => "the window was never open".to_owned(),
    }
}
