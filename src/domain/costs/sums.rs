//! Costs of a period, grouped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::costs::amount::{Amount, Totals};
use crate::domain::costs::card::{Day, RateCard};
use crate::domain::costs::charge::{Charge, SentFacts};
use crate::domain::error_text::error_text;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;

/// Deviations that are listed at most; all are counted.
pub const MAX_DEVIATIONS: usize = 1_000;

/// By what costs are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostsBy {
    Number,
    Template,
    Category,
    /// Days in UTC, as rate cards have them.
    Day,
}

impl CostsBy {
    pub const ALL: [(&'static str, Self); 4] =
        [("number", Self::Number), ("template", Self::Template), ("category", Self::Category), ("day", Self::Day)];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, by)| by)
    }
}

/// A period: its two ends, or so many hours up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostsQuery {
    pub by: CostsBy,
    /// Hours up to now, where `from` is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Exclusive; `None`: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// Default period: 30 days.
const DEFAULT_HOURS: u32 = 720;

error_text! {
    /// Why parameters of a costs query are invalid.
    CostsQueryError
}

/// Parses a time: a date in UTC such as `2026-10-01`, or RFC 3339.
pub fn moment(text: &str) -> Result<Timestamp, CostsQueryError> {
    let found = Day::parse(text).map(Day::begins).or_else(|| Timestamp::parse(text));
    found.ok_or_else(|| {
        format!("`{}` is not a time. Write a date like 2026-10-01, or RFC 3339.", clean_line(text)).into()
    })
}

impl CostsQuery {
    /// Parses parameters; an empty one counts as absent.
    pub fn read(by: &str, hours: &str, from: &str, to: &str) -> Result<Self, CostsQueryError> {
        let by = match by {
            "" => CostsBy::Number,
            name => CostsBy::from_name(name).ok_or("`by` is not one of number, template, category, day.")?,
        };
        let given = |text: &str| (!text.is_empty()).then(|| moment(text)).transpose();
        let hours = match hours {
            "" => None,
            text => Some(text.parse().map_err(|_| CostsQueryError::from("`hours` is not a whole number."))?),
        };
        Ok(Self { by, hours, from: given(from)?, to: given(to)? })
    }

    /// Returns the start of the period and its exclusive end.
    pub fn period(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let to = self.to.unwrap_or(now);
        let hours = self.hours.unwrap_or(DEFAULT_HOURS).min(24 * 3_660);
        let from = self.from.unwrap_or_else(|| to.minus(std::time::Duration::from_secs(u64::from(hours) * 3_600)));
        (from, to)
    }
}

/// What the messages of one group cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostRow {
    pub name: String,
    pub messages: u32,
    pub charged: u32,
    /// The sum of what is charged, one amount for each currency.
    pub amounts: Totals,
    /// Free messages by reason.
    pub free: BTreeMap<String, u32>,
    /// Messages of unknown cost by reason: the sum lacks them.
    pub not_known: BTreeMap<String, u32>,
    /// Messages whose statement differs from the rate card.
    pub deviations: u32,
}

impl CostRow {
    fn add(&mut self, charge: &Charge, deviates: bool) {
        self.add_many(charge, 1);
        self.deviations += u32::from(deviates);
    }

    /// Adds so many messages that cost the same.
    pub fn add_many(&mut self, charge: &Charge, count: u32) {
        self.messages += count;
        match charge {
            Charge::Charged { amount } => {
                self.charged += count;
                let micros = amount.micros.saturating_mul(u64::from(count));
                self.amounts.add(Amount { micros, ..*amount });
            }
            Charge::Free { reason } => *self.free.entry(reason.words().to_owned()).or_default() += count,
            Charge::NotKnown { why } => *self.not_known.entry(why.clone()).or_default() += count,
        }
    }

    /// The sum, and how many messages it lacks.
    pub fn sum_with_reasons(&self) -> String {
        match (self.amounts.is_empty(), self.not_known.is_empty()) {
            (_, true) => self.sum(),
            (true, false) => format!("not known, {}", Self::reasons(&self.not_known)),
            (false, false) => format!("{}; not known {}", self.amounts, Self::reasons(&self.not_known)),
        }
    }

    /// How many are free, and how many of unknown cost, each with the reasons: `3 (not delivered 3)`.
    pub fn reasons(counts: &BTreeMap<String, u32>) -> String {
        let sum: u32 = counts.values().sum();
        let parts: Vec<String> = counts.iter().map(|(why, count)| format!("{} {count}", clean_line(why))).collect();
        if sum == 0 { "0".to_owned() } else { format!("{sum} ({})", parts.join(", ")) }
    }

    /// The sum, or why there is none.
    pub fn sum(&self) -> String {
        match (self.amounts.is_empty(), self.not_known.is_empty()) {
            (false, true) => self.amounts.to_string(),
            (false, false) => format!("{} and what is not known", self.amounts),
            (true, false) => "not known".to_owned(),
            (true, true) => "nothing charged".to_owned(),
        }
    }
}

/// A message whose statement differs from the rate card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    pub message: MessageId,
    pub thread: ThreadId,
    /// The name of our number.
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    pub sent_at: Timestamp,
    /// Sentences.
    pub differs: Vec<String>,
}

/// Costs of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostsView {
    pub by: CostsBy,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Whether any rate is configured.
    pub has_card: bool,
    pub rows: Vec<CostRow>,
    pub total: CostRow,
    /// The first of them; `total.deviations` counts all.
    pub deviations: Vec<Deviation>,
}

/// A sent message, as far as its costs need to know.
#[derive(Debug, Clone, Copy)]
pub struct SentMessage<'a> {
    pub message: MessageId,
    pub thread: ThreadId,
    /// The name of our number.
    pub number: &'a str,
    pub template: Option<&'a str>,
    pub facts: SentFacts<'a>,
}

/// Sums up messages one by one.
#[derive(Debug)]
pub struct Sums<'c> {
    by: CostsBy,
    card: &'c RateCard,
    rows: BTreeMap<String, CostRow>,
    total: CostRow,
    deviations: Vec<Deviation>,
}

impl<'c> Sums<'c> {
    pub fn new(by: CostsBy, card: &'c RateCard) -> Self {
        Self { by, card, rows: BTreeMap::new(), total: CostRow::default(), deviations: vec![] }
    }

    pub fn add(&mut self, sent: &SentMessage<'_>) {
        let (charge, differs) = (sent.facts.charge(self.card), sent.facts.deviations(self.card));
        let group = match self.by {
            CostsBy::Number => sent.number.to_owned(),
            CostsBy::Template => sent.template.map_or_else(|| "no template".to_owned(), clean_line),
            CostsBy::Day => Day::of(sent.facts.sent_at).to_string(),
            CostsBy::Category => {
                let statement = sent.facts.pricing.statement.as_ref();
                let reported = statement.and_then(|statement| statement.value.category.as_deref()).map(clean_line);
                reported
                    .or_else(|| sent.facts.expected.map(|category| category.name().to_owned()))
                    .unwrap_or_else(|| "not known".to_owned())
            }
        };
        self.total.add(&charge, !differs.is_empty());
        let row =
            self.rows.entry(group).or_insert_with_key(|name| CostRow { name: name.clone(), ..CostRow::default() });
        row.add(&charge, !differs.is_empty());
        if !differs.is_empty() && self.deviations.len() < MAX_DEVIATIONS {
            self.deviations.push(Deviation {
                message: sent.message,
                thread: sent.thread,
                number: sent.number.to_owned(),
                template: sent.template.map(clean_line),
                sent_at: sent.facts.sent_at,
                differs,
            });
        }
    }

    /// The sum of all messages.
    pub fn into_total(self) -> CostRow {
        CostRow { name: "total".to_owned(), ..self.total }
    }

    pub fn finish(self, (from, to): (Timestamp, Timestamp)) -> CostsView {
        let Self { by, card, rows, total, deviations } = self;
        let total = CostRow { name: "total".to_owned(), ..total };
        let rows = rows.into_values().collect();
        CostsView { by, from, to, has_card: !card.is_empty(), rows, total, deviations }
    }
}
