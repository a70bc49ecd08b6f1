//! The help of the command line: every verb has an example that parses, every argument a description, and a renamed
//! verb or option still works under its earlier name.

use clap::{Arg, Command, CommandFactory, Parser};
use wadeck::cli::Cli;

/// Calls `visit` with every command, from the top, and the words that lead to it.
pub fn walk(command: &Command, words: &[String], visit: &mut impl FnMut(&Command, &[String])) {
    visit(command, words);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let words: Vec<String> = words.iter().cloned().chain([inner.get_name().to_owned()]).collect();
        walk(inner, &words, visit);
    }
}

pub fn is_verb(command: &Command) -> bool {
    command.get_subcommands().all(|inner| inner.get_name() == "help")
}

fn name(argument: &Arg) -> String {
    argument.get_id().to_string()
}

#[test]
fn every_argument_has_a_description() {
    let mut missing = vec![];
    let mut seen = 0;
    walk(&Cli::command(), &[], &mut |command, words| {
        for argument in command.get_arguments() {
            seen += 1;
            if argument.get_help().is_none_or(|help| help.to_string().trim().is_empty()) {
                missing.push(format!("{} {}", words.join(" "), name(argument)));
            }
        }
        if command.get_about().is_none() {
            missing.push(format!("{} itself", words.join(" ")));
        }
    });
    assert!(seen > 150, "only {seen} arguments were found");
    assert!(missing.is_empty(), "no description: {missing:#?}");
}

/// The examples of a verb's help, without what a shell does with them.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  wadeck "));
    lines.map(|line| format!("wadeck {}", line.split(['>', '|']).next().unwrap_or_default().trim())).collect()
}

#[test]
fn every_verb_has_examples_and_each_parses_as_that_verb() {
    let mut wrong = vec![];
    let mut seen = 0;
    walk(&Cli::command(), &[], &mut |command, words| {
        if !is_verb(command) {
            return;
        }
        let examples = examples(command);
        if examples.is_empty() {
            wrong.push(format!("{}: no example", words.join(" ")));
        }
        for example in examples {
            seen += 1;
            let parts = shell_words::split(&example).expect("quotes are balanced");
            if let Err(error) = Cli::try_parse_from(&parts) {
                wrong.push(format!("{example}: {error}"));
            }
            if !command.is_hide_set() && !example.starts_with(&format!("wadeck {}", words.join(" "))) {
                wrong.push(format!("{example}: an example of another verb than {}", words.join(" ")));
            }
        }
    });
    assert!(seen > 100, "only {seen} examples were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn global_options_stand_under_their_own_heading() {
    let mut built = Cli::command();
    built.build();
    let mut globals = 0;
    walk(&built, &[], &mut |command, words| {
        for argument in
            command.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
        {
            let expected = argument.is_global_set().then_some("Global options");
            globals += usize::from(argument.is_global_set());
            assert_eq!(argument.get_help_heading(), expected, "{} {}", words.join(" "), name(argument));
        }
    });
    assert!(globals > 1_000, "every verb has them: {globals}");
}

/// Earlier command lines that still work, beside the ones that replaced them.
const RENAMED: &[(&str, &str)] = &[
    ("twin", "simulator"),
    ("radar --limit 3", "threads expiring --limit 3"),
    ("marks --hours 3", "stats --hours 3"),
    ("connections go-on s1", "connections resume s1"),
    ("connections fill c1", "connections backfill c1"),
    ("threads hand-over t1 ada", "threads transfer t1 ada"),
    ("threads take-back t1", "threads undo-send t1"),
    ("messages ask m1", "messages query-status m1"),
    ("outbox look-up o1", "outbox reconcile o1"),
    ("outbox bulk look-up status:uncertain", "outbox bulk reconcile status:uncertain"),
    ("deliveries try d1", "deliveries dry-run d1"),
    ("flows write --connection c1 1 x.json", "flows update --connection c1 1 x.json"),
    ("tokens make crm", "tokens create crm"),
    ("assignments narrow g1 --connection c1 --agent helper", "assignments restrict g1 --connection c1 --agent helper"),
    (
        "assignments propose --connection c1 --agent helper --most-per-hour 1 --most-messages 2 --longest 3 --others",
        "assignments propose --connection c1 --agent helper --max-per-hour 1 --max-messages 2 --max-characters 3 \
         --allow-initiating",
    ),
];

#[test]
fn a_renamed_verb_works_under_its_earlier_name_and_help_does_not_show_it() {
    let parsed = |line: &str| {
        let words = std::iter::once("wadeck").chain(line.split_whitespace());
        Cli::try_parse_from(words).map(|cli| format!("{:?}", cli.command)).map_err(|error| error.to_string())
    };
    for (earlier, today) in RENAMED {
        let (before, now) = (parsed(earlier), parsed(today));
        assert!(before.is_ok(), "{earlier}: {before:?}");
        assert!(now.is_ok(), "{today}: {now:?}");
        // `threads expiring` was a verb of its own.
        if !earlier.starts_with("radar") {
            assert_eq!(before, now, "{earlier}");
        }
        let words: Vec<&str> = earlier.split_whitespace().collect();
        let help = Cli::try_parse_from(
            ["wadeck"].into_iter().chain(words[..words.len().min(1)].iter().copied()).chain(["--help"]),
        );
        let help = help.err().map(|error| error.to_string()).unwrap_or_default();
        for word in words.iter().filter(|word| !today.contains(**word)) {
            assert!(!help.contains(&format!("  {word} ")), "{word} is shown: {help}");
        }
    }
}
