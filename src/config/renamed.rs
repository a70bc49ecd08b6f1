//! Renamed keys. An earlier name is read for one version, with a warning that names the current one.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::fault::Fault;

/// Table of the key, its earlier name, and its current name.
const RENAMED: [(&str, &str, &str); 19] = [
    ("outbox", "attempts", "max_attempts"),
    ("media", "most_gigabytes", "max_gigabytes"),
    ("alerts", "most_per_hour", "max_per_hour"),
    ("alerts", "least_free_megabytes", "min_free_megabytes"),
    ("watch", "fill_minutes", "backfill_minutes"),
    ("ssh", "older_clients", "allow_classical_key_exchange"),
    ("ssh", "most", "max_connections"),
    ("ssh", "most_per_address", "max_connections_per_address"),
    ("approvals", "two_persons", "require_two_approvers"),
    ("approvals", "rehearsed", "require_rehearsal"),
    ("agents", "sees", "media_input"),
    ("contract", "most_per_hour", "max_per_hour"),
    ("contract", "most_messages", "max_messages"),
    ("contract", "longest", "max_characters"),
    ("contract", "others", "allow_initiating"),
    ("keys", "find.radar", "find.expiring"),
    ("keys", "find.marks", "find.stats"),
    ("keys", "connections.go_on", "connections.resume"),
    ("keys", "log", "pane.log"),
];

/// A key that is given by its earlier name.
struct Earlier {
    /// Byte range of the key in the original text.
    span: Range<usize>,
    name: &'static str,
    current_name: &'static str,
    /// The text that replaces the key: its current name, in quotes if needed.
    replacement: String,
    /// The current name is given too, which is a fault.
    has_both_names: bool,
}

/// A configuration text in which every renamed key has its current name.
pub(super) struct Migrated {
    pub text: String,
    keys: Vec<Earlier>,
}

impl Migrated {
    /// Renames the keys of a text. Text that is not TOML stays unchanged.
    pub fn of(text: &str) -> Self {
        let mut keys = vec![];
        if let Ok(table) = DeTable::parse(text) {
            collect_renamed("", table.get_ref(), text, &mut keys);
        }
        keys.sort_by_key(|key: &Earlier| key.span.start);
        let mut migrated = String::with_capacity(text.len());
        let mut at = 0;
        for key in keys.iter().filter(|key| !key.has_both_names) {
            migrated.push_str(&text[at..key.span.start]);
            migrated.push_str(&key.replacement);
            at = key.span.end;
        }
        migrated.push_str(&text[at..]);
        Self { text: migrated, keys }
    }

    /// Returns the byte of the original text that corresponds to a byte of the migrated text.
    pub fn original(&self, byte: usize) -> usize {
        // Bytes by which the preceding keys became shorter.
        let mut shrunk: isize = 0;
        for key in self.keys.iter().filter(|key| !key.has_both_names) {
            let start = key.span.start.saturating_add_signed(-shrunk);
            let grown = key.replacement.len() as isize - key.span.len() as isize;
            if byte < start {
                break;
            }
            if byte < start + key.span.len().saturating_add_signed(grown) {
                return key.span.start;
            }
            shrunk -= grown;
        }
        byte.saturating_add_signed(shrunk)
    }

    /// Returns a warning for each key that has its earlier name.
    pub fn warnings(&self, original: &str) -> Vec<Fault> {
        let renamed = self.keys.iter().filter(|key| !key.has_both_names);
        let warning = |key: &Earlier| {
            let what = format!(
                "`{}` is called `{}` now. Rename it: the next version does not read the earlier name.",
                key.name, key.current_name
            );
            Fault::at(original, key.span.start, what)
        };
        renamed.map(warning).collect()
    }

    /// Returns a fault for each key that is given by both names.
    pub fn conflicts(&self, original: &str) -> Vec<Fault> {
        let conflicting = self.keys.iter().filter(|key| key.has_both_names);
        let fault = |key: &Earlier| {
            let what = format!(
                "`{}` is the earlier name of `{}`, and both are given. Remove `{}`.",
                key.name, key.current_name, key.name
            );
            Fault::at(original, key.span.start, what)
        };
        conflicting.map(fault).collect()
    }

    /// Returns `true` if a key that is given by both names begins at this byte of the original text.
    pub fn is_conflict(&self, byte: usize) -> bool {
        self.keys.iter().any(|key| key.has_both_names && key.span.start == byte)
    }
}

fn collect_renamed(name: &str, table: &DeTable<'_>, text: &str, keys: &mut Vec<Earlier>) {
    for (key, value) in table {
        let renamed = RENAMED.iter().find(|(place, earlier, _)| *place == name && *earlier == key.get_ref().as_ref());
        if let Some((_, earlier, current_name)) = renamed {
            let has_both_names = table.keys().any(|other| other.get_ref().as_ref() == *current_name);
            let given = &text[key.span()];
            // An unquoted name with a dot would be a nested table.
            let bare = given == *earlier && current_name.contains('.');
            let replacement = if bare { format!("\"{current_name}\"") } else { given.replace(earlier, current_name) };
            keys.push(Earlier { span: key.span(), name: earlier, current_name, replacement, has_both_names });
        }
        collect_renamed_in(key.get_ref().as_ref(), value.get_ref(), text, keys);
    }
}

fn collect_renamed_in(name: &str, value: &DeValue<'_>, text: &str, keys: &mut Vec<Earlier>) {
    match value {
        DeValue::Table(table) => collect_renamed(name, table, text, keys),
        DeValue::Array(list) => list.iter().for_each(|value| collect_renamed_in(name, value.get_ref(), text, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a text with one renamed key in its table.
    fn text(table: &str, key: &str, value: &str) -> String {
        match table {
            "contract" => format!("[[connections]]\ncontract = {{ {key} = {value} }}\n"),
            "agents" => format!("[[agents]]\n{key} = {value}\n"),
            "keys" => format!("[keys]\n\"{key}\" = {value}\n"),
            table => format!("[{table}]\n{key} = {value}\n"),
        }
    }

    #[test]
    fn every_renamed_key_is_read_by_its_earlier_name_with_a_warning() {
        for (table, earlier, current_name) in RENAMED {
            let before = text(table, earlier, "1");
            let migrated = Migrated::of(&before);
            assert_eq!(migrated.text, text(table, current_name, "1"));
            let warnings = migrated.warnings(&before);
            assert_eq!(warnings.len(), 1, "{earlier}");
            assert_eq!(warnings[0].line, 2, "{earlier}");
            assert!(warnings[0].what.contains(&format!("`{earlier}` is called `{current_name}`")), "{warnings:?}");
            assert!(Migrated::of(&migrated.text).keys.is_empty(), "{current_name}");
        }
    }

    #[test]
    fn a_bare_key_is_quoted_if_its_current_name_has_a_dot() {
        let before = "[keys]\nlog = \"g\"\nretry = 1\n";
        let migrated = Migrated::of(before);
        assert_eq!(migrated.text, "[keys]\n\"pane.log\" = \"g\"\nretry = 1\n");
        let later = migrated.text.find("retry").expect("there");
        assert_eq!(migrated.original(later), before.find("retry").expect("there"));
    }

    #[test]
    fn both_names_are_a_fault_at_the_earlier_name() {
        let text = "[ssh]\nmax_connections = 3\nmost = 4\n";
        let migrated = Migrated::of(text);
        assert_eq!(migrated.text, text);
        assert!(migrated.warnings(text).is_empty());
        let faults = migrated.conflicts(text);
        assert_eq!((faults.len(), faults[0].line, faults[0].column), (1, 3, 1));
        assert!(faults[0].what.contains("Remove `most`"), "{faults:?}");
    }

    #[test]
    fn bytes_are_mapped_to_the_original_text() {
        let text = "[ssh]\nmost = 4\nlisten = \"x\"\nmost_per_address = 2\nhost_key = \"y\"\n";
        let migrated = Migrated::of(text);
        for word in ["[ssh]", "= 4", "listen", "= 2", "host_key", "\"y\""] {
            let (now, before) = (migrated.text.find(word).expect("there"), text.find(word).expect("there"));
            assert_eq!(migrated.original(now), before, "{word}");
        }
        let key = migrated.text.find("max_connections").expect("renamed");
        assert_eq!(migrated.original(key + 5), text.find("most").expect("there"));
    }

    #[test]
    fn an_earlier_name_in_another_place_is_not_a_renamed_key() {
        let text = "[keys]\n\"most\" = \"m\"\n[[connections]]\nname = \"most\"\n";
        assert!(Migrated::of(text).keys.is_empty());
    }
}
