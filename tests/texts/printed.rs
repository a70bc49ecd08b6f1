//! Every text in one file, `tests/snapshots/texts.txt`, by where people meet it. The texts come from the source, so that
//! none is missing. Regenerate with `WADECK_TEXTS=write cargo test --test texts`, and read the difference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use wadeck::cli::Cli;

use crate::help::walk;
use crate::source::{Literal, files, literals};

/// Where people meet the texts of a file: the first prefix that fits.
const SURFACES: [(&str, &str); 22] = [
    ("cli/doctor", "Doctor"),
    ("cli/surroundings", "Doctor"),
    ("cli/", "Command line"),
    ("console/commands", "Console: commands"),
    ("console/", "Console"),
    ("config/", "Configuration errors"),
    ("domain/why", "Explanations"),
    ("domain/agents", "Explanations"),
    ("domain/code", "Refusals: codes"),
    ("domain/lint", "Linters"),
    ("domain/failure", "Failures"),
    ("domain/remedy", "Failures"),
    ("provider/", "Providers: failures and setup tasks"),
    ("domain/", "Refusals and notices"),
    ("operations/", "Refusals, notices and alerts"),
    ("api/", "HTTP API and tools for models"),
    ("agent/", "Agents: errors and prompt"),
    ("attach/", "Consoles and SSH"),
    ("app/", "Start and stop"),
    ("store/", "Database"),
    ("webhook/", "Webhook endpoint"),
    ("workers/", "Workers"),
];

/// Words of an earlier vocabulary, and what replaced each.
const EARLIER: [(&str, &str); 23] = [
    ("twin", "simulator"),
    ("radar", "expiring windows"),
    ("proved", "verified"),
    ("proves", "verifies"),
    ("proof", "check"),
    ("hop", "check"),
    ("fate", "delivery status"),
    ("mend", "fix, correct"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("anew", "again"),
    ("half took", "median"),
    ("by the file", "from configuration"),
    ("beside today", "compare with current"),
    ("narrowed", "restricted, filtered"),
    ("was told to be silent", "is stopped"),
    ("come again", "retry later"),
    ("by itself then", "automatically"),
    ("stands in the way", "no problems found"),
    ("on the wire", "in flight"),
    ("called back", "canceled"),
    ("go on with", "resume"),
    ("goes on with", "resumes"),
];

/// Whether a literal is something that people read, not an identifier, a pattern or a statement of SQL.
fn is_text(name: &str, literal: &Literal) -> bool {
    let text = literal.text.as_str();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1);
    let lower = words.clone().filter(|word| word.chars().any(char::is_lowercase)).count();
    let upper = words.filter(|word| word.chars().all(char::is_uppercase)).count();
    let title = name.starts_with("console/") && text.chars().next().is_some_and(char::is_uppercase);
    let sentence = text.contains(' ') && lower > 0;
    let sql = text.starts_with("SELECT ")
        || name.starts_with("store/") && (upper > lower || text.contains(" = ") || text.contains(" IN ("));
    let code = ["reason=", "serde(", "cfg(", ".expect("].iter().any(|sign| literal.before.ends_with(sign));
    (sentence || (title && lower > 0)) && !sql && !code
}

fn is_log(literal: &Literal) -> bool {
    ["error", "warn", "info", "debug", "trace"]
        .iter()
        .any(|level| literal.before.contains(&format!("tracing::{level}!(")))
}

/// The help of every verb, as it is printed.
fn help() -> String {
    let mut text = String::new();
    let mut top = Cli::command();
    top.build();
    walk(&top, &[], &mut |command, words| {
        if command.is_hide_set() {
            return;
        }
        let _ = writeln!(text, "\n## wadeck {}", words.join(" "));
        // The global options are those of `wadeck` itself.
        let mut own = command.clone().mut_args(|argument| {
            let hidden = argument.is_global_set() && !words.is_empty() || argument.get_id() == "help";
            argument.hide(hidden)
        });
        let help = own.render_help().to_string();
        for line in help.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "{line}");
        }
    });
    text
}

/// All texts: a heading for each surface, below it the files, below each its texts in order.
fn printed() -> String {
    let mut text = format!("# Help of the command line\n{}", help());
    let files = files();
    let mut logs = BTreeSet::new();
    let mut done = vec![];
    for (_, title) in SURFACES {
        if done.contains(&title) {
            continue;
        }
        done.push(title);
        let _ = writeln!(text, "\n# {title}");
        let surface =
            |name: &str| SURFACES.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, title)| *title);
        for (name, code) in files.iter().filter(|(name, _)| surface(name) == Some(title)) {
            let mut seen = BTreeSet::new();
            let mut lines = String::new();
            for literal in literals(code).into_iter().filter(|literal| is_text(name, literal)) {
                // The help of the command line is above.
                if literal.before.ends_with("after_help=") || literal.before.ends_with("with_provider(") {
                    continue;
                }
                if is_log(&literal) {
                    logs.insert(literal.text);
                } else if seen.insert(literal.text.clone()) {
                    let _ = writeln!(lines, "{}", literal.text.replace('\n', "\\n"));
                }
            }
            if !lines.is_empty() {
                let _ = write!(text, "\n## {name}\n{lines}");
            }
        }
    }
    let logs: Vec<String> = logs.into_iter().collect();
    format!("{text}\n# Log\n\n{}\n", logs.join("\n"))
}

#[test]
fn all_texts_stand_in_one_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/texts.txt");
    let texts = printed();
    assert!(texts.lines().count() > 3_000, "only {} lines", texts.lines().count());
    if std::env::var_os("WADECK_TEXTS").is_some() {
        fs::write(&path, &texts).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = texts.lines().zip(kept.lines()).find(|(now, before)| now != before);
    assert!(
        texts == kept,
        "texts changed, first at {differs:?}: run WADECK_TEXTS=write cargo test --test texts, and read the difference"
    );
}

#[test]
fn no_text_uses_the_earlier_words() {
    let mut found = vec![];
    for line in printed().lines().filter(|line| !line.starts_with('#')) {
        // Names of variables are not read.
        let read: String = line.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after)).collect();
        let letter = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
        let spaced: String = read.chars().map(letter).collect();
        let words = format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "));
        for (word, today) in EARLIER {
            if words.contains(&format!(" {word} ")) {
                found.push(format!("{word} (write {today}): {line}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
