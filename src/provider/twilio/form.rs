//! What is posted: a form, each parameter decoded once. Parameters are added without notice, so that all
//! of them are kept. Source: part 3.

use std::collections::BTreeMap;

use crate::domain::inbound::delivery::RawDelivery;

/// More parameters than this are no webhook of anybody's.
const MOST: usize = 500;

/// A form with every value of every name, as received.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, Vec<String>>);

impl Form {
    pub fn read(body: &[u8]) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body).take(MOST) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(fields)
    }

    /// What a request holds: posted as a form, or in the query of its address.
    pub fn of(delivery: &RawDelivery) -> Self {
        match delivery.path.split_once('?') {
            Some((_, query)) if delivery.body.is_empty() => Self::read(query.as_bytes()),
            _ => Self::read(&delivery.body),
        }
    }

    /// Parameters whose names begin like this and go on, with their first values.
    pub fn starting<'f>(&'f self, with: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        let named = self.0.iter().filter_map(move |(name, values)| Some((name.strip_prefix(with)?, values.first()?)));
        named.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str()))
    }

    /// A value that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|values| values.first()).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Names in the order of their bytes, each with its distinct values in theirs.
    pub fn sorted(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().map(|(name, values)| {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.sort_unstable();
            values.dedup();
            (name.as_str(), values)
        })
    }
}

/// A value out of the query of a path.
pub(super) fn query(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
