//! Collects the faults of a configuration, and checks values that are one of several names.

use std::ops::Range;

use toml::Spanned;

use super::fault::Fault;
use super::renamed::Migrated;
use crate::domain::agents::assignment::Mode;
use crate::domain::numbers::connection::Environment;

pub(super) const ENVIRONMENTS: [(&str, Environment); 2] =
    [("development", Environment::Development), ("production", Environment::Production)];
pub(super) const MODES: [(&str, Mode); 3] = [("off", Mode::Off), ("draft", Mode::Draft), ("auto", Mode::Auto)];

/// Collects faults. Their places refer to the migrated text, in which renamed keys have their current names.
pub(super) struct Faults<'t> {
    migrated: &'t Migrated,
    original: &'t str,
    pub found: Vec<Fault>,
}

impl<'t> Faults<'t> {
    /// Starts with a fault for each key that is given by both its earlier and its current name.
    pub fn of(original: &'t str, migrated: &'t Migrated) -> Self {
        Self { migrated, original, found: migrated.conflicts(original) }
    }

    pub fn add(&mut self, span: Range<usize>, what: impl Into<String>) {
        self.found.push(Fault::at(self.original, self.migrated.original(span.start), what));
    }

    /// Returns `true` if the key at this byte was reported because both its names are given.
    pub fn is_reported(&self, byte: usize) -> bool {
        self.migrated.is_conflict(self.migrated.original(byte))
    }
}

/// Returns the most similar known name; `None` if none is similar.
pub(super) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    if let Some(name) = known.iter().find(|name| given.len() > 2 && name.starts_with(given)) {
        return Some(name);
    }
    let scored = known.iter().map(|name| (strsim::damerau_levenshtein(given, name), *name));
    scored.min().filter(|(distance, name)| *distance <= name.len().max(3) / 2).map(|(_, name)| name)
}

/// Returns the choice with this name, or reports a fault that lists the names.
pub(super) fn one_of<T: Copy>(
    value: &Spanned<String>,
    choices: &[(&str, T)],
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<T> {
    let found = choices.iter().find(|(name, _)| name == value.get_ref());
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = nearest(value.get_ref(), &names).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
        let given = value.get_ref();
        faults.add(value.span(), format!("`{given}` is not a valid {what}. Use one of {}.{hint}", names.join(", ")));
    }
    found.map(|(_, value)| *value)
}
