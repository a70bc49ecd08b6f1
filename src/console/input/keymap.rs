//! Key bindings: the command table's keys, changed by the configuration.

use crate::console::command::{CommandSpec, Scope};
use crate::console::input::chord::{Chord, sequence};
use crate::console::user_error::UserError;

/// The key sequences of every command.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<(&'static CommandSpec, Vec<Vec<Chord>>)>,
}

/// What the pressed keys mean so far.
#[derive(Debug)]
pub(in crate::console) enum Meaning {
    Command(&'static CommandSpec),
    /// The beginning of a longer sequence.
    Begun,
    Nothing,
}

impl Keymap {
    /// Returns the default keys of these commands.
    pub(in crate::console) fn of(table: impl Iterator<Item = &'static CommandSpec>) -> Self {
        let bindings = table.map(|spec| (spec, spec.keys.iter().filter_map(|keys| sequence(keys)).collect()));
        Self { bindings: bindings.collect() }
    }

    /// Returns the default keys with the configuration's overrides. Fails with one message for each override that is
    /// not valid.
    pub fn with(overrides: &[(String, Vec<String>)]) -> Result<Self, Vec<String>> {
        let mut map = Self::default();
        let mut faults = vec![];
        for (id, keys) in overrides {
            let Some((_, bound)) = map.bindings.iter_mut().find(|(spec, _)| spec.id == id) else {
                faults.push(format!("[keys]: no command has the id `{id}`. List the ids with `wadeck keys`."));
                continue;
            };
            let parsed: Vec<Option<Vec<Chord>>> = keys.iter().map(|keys| sequence(keys)).collect();
            for (keys, parsed) in keys.iter().zip(&parsed) {
                if parsed.is_none() {
                    faults.push(format!("[keys] {id}: `{keys}` is not a key. Write it like `R`, `ctrl-d` or `g g`."));
                }
            }
            *bound = parsed.into_iter().flatten().collect();
        }
        if faults.is_empty() { Ok(map) } else { Err(faults) }
    }

    /// Adds a command, and binds it to a key if one is given. Fails with the reason if the key is not valid here or
    /// taken.
    pub(in crate::console) fn add(&mut self, spec: &'static CommandSpec, key: Option<&str>) -> Result<(), UserError> {
        let mut bound = vec![];
        if let Some(key) = key {
            let chords = sequence(key).filter(|chords| chords.first().is_some_and(Chord::has_modifier));
            let Some(chords) = chords else {
                return Err(format!(
                    "`{key}` is not a key for a command. Use one with ctrl- or alt-, such as `alt-o`."
                )
                .into());
            };
            let shares =
                |other: Scope| other == spec.scope || other == Scope::Everywhere || spec.scope == Scope::Everywhere;
            let overlaps = |other: &Vec<Chord>| other.starts_with(&chords) || chords.starts_with(other);
            let taken = self.bindings.iter().find(|(other, keys)| shares(other.scope) && keys.iter().any(overlaps));
            if let Some((other, _)) = taken {
                return Err(format!("`{key}` is the key of `{}`. Choose another one.", other.id).into());
            }
            bound.push(chords);
        }
        self.bindings.push((spec, bound));
        Ok(())
    }

    /// Returns what pressed keys mean in these scopes, the most specific first.
    pub(in crate::console) fn meaning(&self, pressed: &[Chord], scopes: &[Scope]) -> Meaning {
        let mut begun = false;
        for scope in scopes {
            for (spec, sequences) in self.bindings.iter().filter(|(spec, _)| spec.scope == *scope) {
                for keys in sequences {
                    if keys == pressed {
                        return Meaning::Command(spec);
                    }
                    begun |= keys.starts_with(pressed);
                }
            }
        }
        if begun { Meaning::Begun } else { Meaning::Nothing }
    }

    /// Returns the keys of a command, separated by commas.
    pub fn keys_of(&self, spec: &CommandSpec) -> String {
        let bound = self.bindings.iter().find(|(bound, _)| bound.id == spec.id);
        let keys = bound.map(|(_, sequences)| sequences.iter().map(|keys| format_keys(keys)).collect::<Vec<_>>());
        keys.unwrap_or_default().join(", ")
    }

    /// Returns the first key of the command with this id; empty if it has none.
    pub fn key_of(&self, id: &str) -> String {
        let bound = self.bindings.iter().find(|(spec, _)| spec.id == id);
        bound.and_then(|(_, sequences)| sequences.first()).map(|keys| format_keys(keys)).unwrap_or_default()
    }

    /// Returns the first key of a command, for footers; empty if it has none.
    pub fn first(&self, spec: &CommandSpec) -> String {
        let bound = self.bindings.iter().find(|(bound, _)| bound.id == spec.id);
        bound.and_then(|(_, sequences)| sequences.first()).map(|keys| format_keys(keys)).unwrap_or_default()
    }
}

/// Returns a key sequence as it is printed.
fn format_keys(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}
