//! Import circles within the top-level modules, counted: none in the lower ones, and in the others never more than
//! there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How many files of each module stand in circles, at most. Lower a number when it falls; never raise one.
const IN_CIRCLES: &[(&str, usize)] = &[
    ("agent", 10),
    ("api", 11),
    ("app", 0),
    ("attach", 6),
    ("cli", 0),
    ("config", 6),
    ("console", 0),
    ("domain", 0),
    ("operations", 0),
    ("provider", 2),
    ("store", 0),
    ("simulator", 0),
    ("webhook", 0),
    ("workers", 0),
];

/// The code of each file below a top-level module, by module path (`domain::outbox::entry`), without tests and comments.
fn files(top: &str) -> BTreeMap<String, String> {
    fn walk(directory: &Path, module: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let inner = if name == "mod" { module.to_owned() } else { format!("{module}::{name}") };
            if path.is_dir() {
                walk(&path, &inner, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("readable");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.insert(inner, code.join("\n"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(top), top, &mut found);
    found
}

/// The paths that begin at `text`: `a::b`, and each of `a::{b, c::d}`.
fn paths(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let head = &text[..end];
    let Some(group) = text[end..].strip_prefix('{').filter(|_| head.is_empty() || head.ends_with("::")) else {
        return vec![head.trim_end_matches("::").to_owned()];
    };
    let (mut depth, mut item, mut all) = (0, String::new(), vec![]);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => all.extend(paths(std::mem::take(&mut item).trim())),
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                item.push(c);
            }
        }
    }
    all.extend(paths(item.trim()).into_iter().filter(|path| !path.is_empty()));
    all.into_iter().map(|path| format!("{head}{path}")).collect()
}

/// The parent of a module.
fn above(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(above, _)| above)
}

/// What a file names of its top-level module, as paths from there.
fn named(module: &str, top: &str, code: &str) -> Vec<String> {
    let mut found = vec![];
    for (at, _) in code.match_indices("crate::") {
        let path = &code[at + "crate::".len()..];
        if path.strip_prefix(top).is_some_and(|rest| rest.starts_with("::")) {
            found.extend(paths(path));
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("::") || code[..at].ends_with("in ") {
            continue;
        }
        let (mut base, mut rest) = (above(module), &code[at + "super::".len()..]);
        while let Some(inner) = rest.strip_prefix("super::") {
            (base, rest) = (above(base), inner);
        }
        found.extend(paths(rest).into_iter().map(|path| format!("{base}::{path}")));
    }
    found
}

/// What a file's own submodules lend it: `child::item` where it is used, not where it is handed on by `pub use`.
fn of_children(module: &str, code: &str, all: &BTreeMap<String, String>) -> BTreeSet<String> {
    let used = code.lines().filter(|line| !line.trim_start().starts_with("pub use") && !line.contains("pub(in"));
    let words: Vec<&str> =
        used.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))).collect();
    let children = words.iter().filter_map(|word| word.trim_start_matches("self::").split_once("::"));
    children.map(|(child, _)| format!("{module}::{child}")).filter(|child| all.contains_key(child)).collect()
}

/// `pub use` lines: where an item of a module really stands.
fn handed_on(all: &BTreeMap<String, String>) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (module, code) in all {
        for (at, _) in code.match_indices("pub use self::") {
            for path in paths(&code[at + "pub use self::".len()..]) {
                if let Some((place, item)) = path.rsplit_once("::") {
                    found.insert((module.clone(), item.to_owned()), format!("{module}::{place}"));
                }
            }
        }
    }
    found
}

/// The file in which a path ends.
fn file_of(
    path: &str,
    all: &BTreeMap<String, String>,
    handed_on: &BTreeMap<(String, String), String>,
) -> Option<String> {
    let parts: Vec<&str> = path.split("::").collect();
    let known = (1..=parts.len()).rev().find(|length| all.contains_key(&parts[..*length].join("::")))?;
    let module = parts[..known].join("::");
    let item = parts.get(known).map(|item| (module.clone(), (*item).to_owned()));
    Some(item.and_then(|item| handed_on.get(&item).cloned()).unwrap_or(module))
}

fn arrows(top: &str) -> BTreeMap<String, BTreeSet<String>> {
    let all = files(top);
    let handed_on = handed_on(&all);
    let mut arrows = BTreeMap::new();
    for (module, code) in &all {
        let mut to: BTreeSet<String> =
            named(module, top, code).iter().filter_map(|path| file_of(path, &all, &handed_on)).collect();
        to.extend(of_children(module, code, &all));
        to.remove(module);
        arrows.insert(module.clone(), to);
    }
    arrows
}

/// Everything that can be reached from a file.
fn reached(from: &str, arrows: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(one) = open.pop() {
        for next in arrows.get(&one).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn circles_do_not_grow() {
    let mut faults = vec![];
    for (top, most) in IN_CIRCLES {
        let arrows = arrows(top);
        let round: Vec<&String> = arrows.keys().filter(|file| reached(file, &arrows).contains(*file)).collect();
        if round.len() > *most {
            faults.push(format!("{top}: {} files stand in circles, at most {most} may: {round:?}", round.len()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
