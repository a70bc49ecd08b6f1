//! Every command in the program's texts and the documents exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use wadeck::cli::Cli;

/// Values that are tried for a placeholder.
const CANDIDATES: [&str; 14] =
    ["x", "s1", "c1", "t1", "m1", "o1", "d1", "g1", "r1", "a1", "p1", "1", "+15550100002", "retry"];

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(directory: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    let mut found = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), ending, &mut found);
    found
}

/// Returns commands in backticks, and indented ones in documents.
fn commands() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files("docs", "md");
    paths.push(root.join("README.md"));
    paths.extend(files("src", "rs"));
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.strip_prefix(root).expect("inside").display().to_string();
        let document = path.extension().is_some_and(|extension| extension == "md");
        let quoted = |text: &str| -> Vec<String> {
            let parts = text.split('`').skip(1).filter(|part| part.starts_with("wadeck ") && !part.contains('\n'));
            parts.map(|part| part.trim().to_owned()).collect()
        };
        if !document {
            // Printed texts, and comments including help texts.
            let (prose, printed): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| line.trim_start().starts_with("//"));
            found
                .extend(prose.iter().flat_map(|line| quoted(line)).map(|command| (command, format!("{name} (prose)"))));
            found.extend(quoted(&printed.join("\n")).into_iter().map(|command| (command, name.clone())));
            continue;
        }
        let quoted = quoted(&text);
        let indented = text.lines().filter(|_| document).filter_map(|line| line.strip_prefix("    "));
        let indented = indented.filter(|line| line.starts_with("wadeck "));
        let indented = indented.map(|line| line.trim().to_owned());
        found.extend(quoted.into_iter().chain(indented).map(|command| (command, name.clone())));
    }
    found
}

/// Collects the examples in the help of every verb.
fn examples(command: &clap::Command, found: &mut BTreeSet<(String, String)>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().map(str::trim).filter(|line| line.starts_with("wadeck "));
    found.extend(lines.map(|line| (line.to_owned(), format!("help of {}", command.get_name()))));
    for inner in command.get_subcommands() {
        examples(inner, found);
    }
}

/// Splits a command into words, without comments, pipes and redirections.
fn words(command: &str) -> Vec<String> {
    let command = command.split(" #").next().unwrap_or_default();
    let (mut words, mut word, mut quote) = (vec![], String::new(), None);
    for c in command.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (_, c) => word.push(c),
        }
    }
    words.push(word);
    let end = words.iter().position(|word| matches!(word.as_str(), "|" | ">" | "<" | ">>" | "&" | "&&"));
    words.truncate(end.unwrap_or(words.len()));
    let bare = words.into_iter().map(|word| word.trim_matches(['[', ']', ';', '\\']).to_owned());
    bare.filter(|word| !word.is_empty() && word != "…" && word != "...").collect()
}

/// Returns `true` for placeholders.
fn is_placeholder(word: &str) -> bool {
    let capital = word.chars().any(|c| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
    let verbs = ["GET", "POST", "PATCH", "PUT", "DELETE"];
    (capital && !verbs.contains(&word)) || word.contains('{') || word.contains('…')
}

/// Returns the reason why a command is rejected for all values of its placeholders; `None` if it is accepted. In
/// prose, a verb without its required arguments counts as its name.
fn rejection(words: &[String], in_prose: bool) -> Option<String> {
    let is_name = in_prose && words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    let is_name = is_name && words.iter().all(|word| !word.starts_with('-'));
    let open: Vec<usize> = (0..words.len()).filter(|at| is_placeholder(&words[*at])).collect();
    let mut last = None;
    let tries = CANDIDATES.len().pow(u32::try_from(open.len().min(2)).expect("two at most"));
    for number in 0..tries {
        let mut line = words.to_vec();
        for (place, at) in open.iter().enumerate() {
            let choice = if place == 0 { number % CANDIDATES.len() } else { number / CANDIDATES.len() };
            CANDIDATES[choice % CANDIDATES.len()].clone_into(&mut line[*at]);
        }
        match Cli::try_parse_from(&line) {
            Ok(_) => return None,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => return None,
            Err(error)
                if is_name
                    && matches!(
                        error.kind(),
                        ErrorKind::MissingSubcommand
                            | ErrorKind::MissingRequiredArgument
                            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    ) =>
            {
                return None;
            }
            // The program inserts the verb. Its table is printed in docs/connections.md, which is checked too.
            Err(error)
                if error.kind() == ErrorKind::InvalidSubcommand && words.iter().any(|word| word.contains('{')) =>
            {
                return None;
            }
            Err(error) => last = Some(error.to_string().lines().next().unwrap_or_default().to_owned()),
        }
    }
    last
}

#[test]
fn every_named_command_exists() {
    let mut commands = commands();
    let before = commands.len();
    examples(&Cli::command(), &mut commands);
    assert!(commands.len() > before, "the help has examples");
    assert!(commands.len() > 60, "{}", commands.len());
    let mut wrong = vec![];
    for (command, place) in commands {
        if let Some(why) = rejection(
            &words(&command),
            Path::new(&place).extension().is_some_and(|extension| extension == "md") || place.ends_with("(prose)"),
        ) {
            wrong.push(format!("{place}: `{command}`: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
