//! Which keys do what: the command table with the configuration's changes, and its printed form.

use crate::console::command::{CommandSpec, Scope};
use crate::console::input::chord::{Chord, sequence};

/// The keys of every command.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<(&'static CommandSpec, Vec<Vec<Chord>>)>,
}

/// What a sequence of keys means so far.
#[derive(Debug)]
pub(in crate::console) enum Meaning {
    Command(&'static CommandSpec),
    /// The beginning of something.
    Begun,
    Nothing,
}

impl Keymap {
    /// The keys of these commands, as they are listed.
    pub(in crate::console) fn of(table: impl Iterator<Item = &'static CommandSpec>) -> Self {
        let bindings = table.map(|spec| (spec, spec.keys.iter().filter_map(|keys| sequence(keys)).collect()));
        Self { bindings: bindings.collect() }
    }

    /// The table's keys, but for those that the configuration gives to a command instead. Says what
    /// it could not follow.
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

    /// What the keys mean where these scopes are active, the nearest first.
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

    /// The keys of a command, as they are printed.
    pub fn shown(&self, spec: &CommandSpec) -> String {
        let bound = self.bindings.iter().find(|(bound, _)| bound.id == spec.id);
        let keys = bound.map(|(_, sequences)| sequences.iter().map(|keys| spelt(keys)).collect::<Vec<_>>());
        keys.unwrap_or_default().join(", ")
    }

    /// The first key of the command with this id; nothing where it has none.
    pub fn key_of(&self, id: &str) -> String {
        let bound = self.bindings.iter().find(|(spec, _)| spec.id == id);
        bound.and_then(|(_, sequences)| sequences.first()).map(|keys| spelt(keys)).unwrap_or_default()
    }

    /// The first key of a command: for footers.
    pub fn first(&self, spec: &CommandSpec) -> String {
        let bound = self.bindings.iter().find(|(bound, _)| bound.id == spec.id);
        bound.and_then(|(_, sequences)| sequences.first()).map(|keys| spelt(keys)).unwrap_or_default()
    }
}

fn spelt(keys: &[Chord]) -> String {
    keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}
