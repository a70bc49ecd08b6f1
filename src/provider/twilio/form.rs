//! A form of a webhook, decoded. The provider adds parameters without notice, so all are kept. Source: part 3.

use std::collections::BTreeMap;

use crate::domain::inbound::delivery::RawDelivery;

/// Parameters that are read at most, far more than any webhook has.
const MAX_PARAMETERS: usize = 500;

/// All values of all names, as received.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, Vec<String>>);

impl Form {
    pub fn read(body: &[u8]) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body).take(MAX_PARAMETERS) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(fields)
    }

    /// Parses the parameters of a request, from its body or from the query of a GET.
    pub fn of(delivery: &RawDelivery) -> Self {
        match delivery.path.split_once('?') {
            Some((_, query)) if delivery.body.is_empty() => Self::read(query.as_bytes()),
            _ => Self::read(&delivery.body),
        }
    }

    /// Returns the non-empty parameters with this prefix, their names without it, and their first values.
    pub fn starting<'f>(&'f self, with: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        let named = self.0.iter().filter_map(move |(name, values)| Some((name.strip_prefix(with)?, values.first()?)));
        named.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str()))
    }

    /// Returns the first value of a name. `None` where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|values| values.first()).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns all names in byte order, each with its distinct values in byte order, as signatures need them.
    pub fn sorted(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().map(|(name, values)| {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.sort_unstable();
            values.dedup();
            (name.as_str(), values)
        })
    }
}

/// Returns a parameter of a path's query.
pub(super) fn query(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
