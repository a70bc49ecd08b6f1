//! The map in ARCHITECTURE.md, held: imports point down, there is no cycle, files stay small, and
//! what may be named in one place only is named there only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the table in ARCHITECTURE.md.
struct Row {
    module: String,
    /// The modules that it may import.
    imports: Vec<String>,
    /// Crates and words that only modules with them in their row may name.
    alone: Vec<String>,
}

/// The table of modules in ARCHITECTURE.md, which says what each may import and name.
fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("ARCHITECTURE.md");
    let map = text.split("## The map").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the map");
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        assert_eq!(cells.len(), 5, "four cells in: {line}");
        let module = cells[0].trim().trim_end_matches('`').to_owned();
        Row { module, imports: words(cells[2]), alone: words(cells[3]) }
    });
    let rows: Vec<Row> = rows.collect();
    assert!(rows.len() > 10, "the table in ARCHITECTURE.md was not found");
    rows
}

/// What each module may import.
fn may_import(table: &[Row]) -> BTreeMap<&str, Vec<&str>> {
    table.iter().map(|row| (row.module.as_str(), row.imports.iter().map(String::as_str).collect())).collect()
}

/// Crates that domain and console must not name.
const IMPURE: &[&str] = &["tokio", "sqlx", "reqwest", "axum", "hyper", "std::fs", "std::net", "std::env", "async "];

/// Every Rust file below a folder of the project, in order.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    paths.sort();
    paths
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    rust_files("src")
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("inside src");
            let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("readable");
            (first.trim_end_matches(".rs").to_owned(), path, text)
        })
        .collect()
}

/// The text without its tests, comments and doc comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for prefix in ["crate::", "wadeck::"] {
        for (at, _) in text.match_indices(prefix) {
            let name: String =
                text[at + prefix.len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            found.insert(name);
        }
    }
    found
}

#[test]
fn imports_point_down() {
    let table = table();
    let known = may_import(&table);
    for (module, path, text) in sources() {
        if module == "lib" {
            continue;
        }
        let allowed = known.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not on the map"));
        for import in imports(&code(&text)) {
            let fine = import == module || allowed.contains(&import.as_str()) || !known.contains_key(import.as_str());
            assert!(fine, "{} imports {import}: {module} may import {allowed:?}", path.display());
        }
    }
}

fn height<'m>(
    module: &'m str,
    known: &BTreeMap<&'m str, Vec<&'m str>>,
    heights: &mut BTreeMap<&'m str, usize>,
    above: &mut Vec<&'m str>,
) -> usize {
    assert!(!above.contains(&module), "{above:?} leads back to {module}");
    if let Some(height) = heights.get(module) {
        return *height;
    }
    above.push(module);
    let tallest = known[module].iter().map(|below| height(below, known, heights, above)).max();
    above.pop();
    let own = tallest.map_or(0, |below| below + 1);
    heights.insert(module, own);
    own
}
#[test]
fn there_is_no_cycle() {
    // A module stands above everything that it may import: then no chain of imports leads back.
    let table = table();
    let known = may_import(&table);
    let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
    for module in known.keys() {
        height(module, &known, &mut heights, &mut vec![]);
    }
}

#[test]
fn files_stay_small() {
    let length = |path: &PathBuf| {
        let length = fs::read_to_string(path).expect("readable").lines().count();
        assert!(length <= 500, "{} has {length} lines; 500 is the most", path.display());
        length
    };
    for path in rust_files("tests") {
        length(&path);
    }
    let mut lengths: Vec<usize> = rust_files("src").iter().map(length).collect();
    lengths.sort_unstable();
    let middle = lengths[lengths.len() / 2];
    assert!(middle <= 150, "half of the files have more than {middle} lines");
}

#[test]
fn what_belongs_to_one_place_is_named_there_only() {
    let table = table();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &table {
        for word in &row.alone {
            places.entry(word).or_default().push(&row.module);
        }
    }
    for (module, path, text) in sources() {
        let lower = code(&text).to_lowercase();
        for (word, places) in &places {
            if !places.contains(&module.as_str()) && module != "lib" {
                assert!(!lower.contains(word), "{} names {word}, which belongs to {places:?}", path.display());
            }
        }
    }
}

#[test]
fn domain_and_console_are_pure() {
    for (module, path, text) in sources() {
        if module == "domain" || module == "console" {
            for word in IMPURE {
                assert!(!code(&text).contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn the_simulator_knows_only_the_wire() {
    for (module, path, text) in sources() {
        if module == "simulator" {
            assert!(!code(&text).contains("crate::"), "{} knows the program", path.display());
        }
    }
}

/// Methods of `Console`, in however many files. Lower the number when it falls; never raise it.
const CONSOLE_METHODS: usize = 37;
/// Lines of a file of the console, at most. Lower the number when it falls; never raise it.
const CONSOLE_LINES: usize = 350;

#[test]
fn the_console_stays_a_set_of_panes() {
    let mut methods = 0;
    for (module, path, text) in sources() {
        if module != "console" {
            continue;
        }
        let lines = text.lines().count();
        assert!(lines <= CONSOLE_LINES, "{} has {lines} lines; {CONSOLE_LINES} is the most", path.display());
        let mut inside = false;
        for line in code(&text).lines() {
            inside = (inside && line != "}") || line == "impl Console {";
            let item = line.strip_prefix("    ").unwrap_or_default();
            let begins = ["fn ", "pub fn ", "pub(super) fn ", "pub(in crate::console) fn "];
            methods += usize::from(inside && begins.iter().any(|begin| item.starts_with(begin)));
        }
    }
    assert!(methods > 0, "`impl Console` was not found");
    assert!(methods <= CONSOLE_METHODS, "Console has {methods} methods; {CONSOLE_METHODS} is the most");
}

#[test]
fn what_is_told_to_a_console_waits_for_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/attach/drive.rs");
    let text = fs::read_to_string(path).expect("src/attach/drive.rs");
    // A channel that can be full throws a result away, or holds up whoever has it.
    assert!(code(&text).contains("mpsc::unbounded_channel::<Event>()"), "results go through a channel without a bound");
    assert!(!code(&text).contains(".try_send("), "a result that finds no room is lost");
}

#[test]
fn the_printed_keys_are_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, wadeck::console::keys_markdown(), "print it anew: cargo run -- keys --markdown > docs/keys.md");
}

#[test]
fn the_printed_roles_are_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roles.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, wadeck::api::roles_markdown(), "print it anew: cargo run -- roles --markdown > docs/roles.md");
}

#[test]
fn the_printed_codes_are_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    let again = "print it anew: cargo run -- codes --markdown > docs/codes.md";
    assert_eq!(printed, wadeck::domain::code::codes_markdown(), "{again}");
}

#[test]
fn the_printed_codes_of_providers_are_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/provider-codes.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    let again = "print it anew: cargo run -- codes --providers --markdown > docs/provider-codes.md";
    assert_eq!(printed, wadeck::provider::error_codes::error_codes_markdown(), "{again}");
}

#[test]
fn the_printed_alerts_are_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    let again = "print it anew: cargo run -- alerts kinds --markdown > docs/alerts.md";
    assert_eq!(printed, wadeck::domain::monitoring::alert_kind::alerts_markdown(), "{again}");
}

#[test]
fn every_event_is_in_the_document_about_agents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agents.md");
    let text = fs::read_to_string(path).expect("docs/agents.md");
    for event in wadeck::domain::event_name::EventName::ALL {
        let row = format!("| `{}` | {} |", event.as_str(), event.meaning());
        assert!(text.contains(&row), "docs/agents.md lacks this row: {row}");
    }
}

#[test]
fn every_code_kind_of_alert_and_event_is_used() {
    let lists = ["domain/code/", "domain/monitoring/alert_kind.rs", "domain/event_name.rs"];
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (_, path, text) in sources() {
        if !lists.iter().any(|list| path.display().to_string().contains(list)) {
            let names =
                |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != ':').map(str::to_owned).collect();
            let names: Vec<String> = names(&code(&text));
            used.extend(names);
        }
    }
    for code in wadeck::domain::code::Code::ALL {
        let named = format!("Code::{}", code.variant());
        assert!(used.contains(&named), "no error carries {named}: remove it from the list");
    }
    for kind in wadeck::domain::monitoring::alert_kind::AlertKind::ALL {
        let named = format!("AlertKind::{}", kind.variant());
        assert!(used.contains(&named), "nothing raises {named}: remove it from the list");
    }
    for event in wadeck::domain::event_name::EventName::ALL {
        let named = format!("EventName::{}", event.variant());
        assert!(used.contains(&named), "nothing records {named}: remove it from the list");
    }
}

#[test]
fn the_printed_life_of_a_number_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/connections.md");
    let printed = fs::read_to_string(&path).unwrap_or_default();
    let again = "print it anew: cargo run -- connections states > docs/connections.md";
    assert_eq!(printed, wadeck::domain::numbers::life_document::life_markdown(), "{again}");
}

#[test]
fn the_printed_kinds_of_inbound_messages_are_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/inbound.md");
    let text = fs::read_to_string(&path).expect("docs/inbound.md");
    let printed = text.split_once("<!-- kinds -->\n").and_then(|(_, rest)| rest.split_once("<!-- end of kinds -->"));
    let printed = printed.map(|(printed, _)| printed).expect("docs/inbound.md has its markers");
    assert_eq!(printed, wadeck::domain::message::inbound_kind::kinds_markdown(), "print it anew: just docs");
}

#[test]
fn only_the_table_of_states_moves_a_number() {
    for (module, path, text) in sources() {
        // Tests are cut off by `code`; the life itself and the type of the steps are where states are named.
        let own = path.ends_with("domain/numbers/life.rs") || path.ends_with("domain/numbers/setup.rs");
        for word in [".state = SetupState::", "state: SetupState::"] {
            let begins = path.ends_with("operations/numbers/set_up.rs") || path.ends_with("store/numbers/setups.rs");
            let found = code(&text)
                .replace("state: SetupState::Cancelled,", if begins { "" } else { "state: SetupState::Cancelled," });
            assert!(own || !found.contains(word), "{module}: {} moves a number past the table", path.display());
        }
        if module == "store" {
            let sets = |state: &str| code(&text).contains(&format!("UPDATE setups SET state = '{state}'"));
            assert!(!["running", "waiting", "failed", "done", "disconnected", "cancelled"].into_iter().any(sets));
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for (_, path, text) in sources() {
        for word in ["todo!(", "unimplemented!(", "FIXME", "#[ignore"] {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
    }
}

/// Names that say little to somebody who joins, with what they became. None may be defined again.
const BANNED: &[(&str, &str)] = &[
    ("AgentTold", "AgentsAnswer"),
    ("GaugesView", "StatisticsView"),
    ("Unwanted", "OptOutKind"),
    ("InHand", "OperationLock"),
    ("Doorway", "UploadLimiter"),
    ("Parcel", "OutgoingFile"),
    ("TakeBack", "UndoSend"),
    ("LookUp", "Reconcile"),
    ("Attend", "UpdatePresence"),
    ("keep_evidence", "store_evidence"),
    ("tell_alerts", "run_alert_commands"),
    ("doubt_entry", "mark_uncertain"),
    ("remember_again", "restore_context"),
    ("either_way", "ignore"),
    ("as_far_as", "restricted_to"),
    ("wakes", "wakeups"),
    ("MOST_ROWS", "MAX_ROWS"),
    ("Cells", "RowReader"),
    ("Shelf", "FileStore"),
    ("Once", "IdempotencyRecord"),
    ("Chore", "SetupTask"),
    ("Lent", "MediaLink"),
    ("Standing", "DeliveryRecord"),
    ("Setback", "ApplyError"),
    ("Receipt", "ReceiveOutcome"),
    ("Wakes", "Wakeups"),
    ("Hop", "Check"),
    ("Proof", "CheckResult"),
    ("Ahead", "SchedulingLimits"),
    ("CalledBack", "CancelOutcome"),
    ("Doubtful", "UncertainEntry"),
    ("StepTaken", "StepResult"),
    ("Dossier", "AssignmentDetail"),
    ("Caught", "CancelledRun"),
    ("Breach", "ContractViolation"),
    ("Pad", "ImagePadding"),
    ("Manner", "SurfaceOptions"),
    ("Seat", "SurfaceEndpoint"),
    ("Crowd", "ConnectionLimits"),
    ("Fresh", "Fetched"),
    ("FreeCall", "RawApiRequest"),
    ("Chance", "Rng"),
    ("Telling", "EventDelivery"),
    ("Right", "Permission"),
    ("Over", "FilterTarget"),
    ("Upstream", "ProviderDeliveryLog"),
    ("Kept", "ScheduledAtProvider"),
    ("Words", "ReplyPart"),
    ("Offer", "Interactive"),
    ("Gauge", "Metric"),
    ("Told", "a name that says what was told"),
    ("Wanted", "a name that says what is wanted"),
    ("Wish", "ToolCall, FilterQuery, OptOutIntent"),
    ("Waiting", "PendingDelivery, WaitingEntry"),
    ("Arrived", "NewDelivery"),
    ("lasts", "raise_condition"),
    ("store_waiting", "commit_pending_deliveries"),
    ("fold_log", "checkpoint_wal"),
    ("keep_part", "release_savepoint"),
    ("undo_part", "rollback_to_savepoint"),
    ("ask_once", "with_idempotency"),
    ("settle_kept", "settle_scheduled"),
    ("settle_arrived", "confirm_arrived"),
    ("ask_about", "query_message_status"),
    ("number_lives", "number_lifecycle"),
    ("tell_next", "deliver_next_event"),
    ("shelve", "store_file"),
    ("fill_gap", "backfill"),
    ("Letter", "SendMessage"),
    ("Guest", "ConsoleClient"),
    ("Heard", "SurfaceEvent"),
    ("Trouble", "ProviderError, ReportedFailure"),
    ("Family", "MetricFamily"),
    ("Act", "AgentAction"),
    ("Desk", "OperationsConfig, AgentQuery"),
    ("HandOver", "UploadHandler"),
    ("hand_over", "transfer"),
    ("tell", "run_query, record_event"),
    ("happened", "record_event"),
    ("lend", "create_media_link"),
    ("lent", "find_media_link"),
    ("knock", "send_test_webhook, connect"),
    ("prove", "record_check"),
    ("proved", "check_passed"),
    ("proofs", "checks"),
    ("recalled", "find_cancelled_scheduled"),
    ("take_back", "undo_send"),
    ("look_up", "request_reconcile"),
    ("on_file", "check_callback_url"),
    ("lose", "mark_lost"),
    ("mend", "fix, restore"),
    ("counted", "increment"),
    ("timed", "observe"),
    ("dossier", "assignment_detail"),
    ("desk", "a name that says what is configured or managed"),
    ("edge", "system_clock"),
    ("Twin", "Simulator"),
    ("twin", "simulator"),
];

#[test]
fn nothing_is_called_what_was_renamed() {
    for (_, path, text) in sources() {
        for line in code(&text).lines() {
            let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
            for pair in words.windows(2) {
                let defines = ["struct", "enum", "trait", "type", "fn", "mod"].contains(&pair[0]);
                let banned = BANNED.iter().find(|(name, _)| *name == pair[1]).filter(|_| defines);
                assert!(banned.is_none(), "{}: {} is called {:?} today", path.display(), pair[1], banned);
            }
        }
    }
}

/// No result outside tests has a `String` for an error.
#[test]
fn errors_have_types() {
    let mut found = vec![];
    for (path, _, text) in sources() {
        let text = code(&text);
        let results = text.match_indices("Result<").filter(|(at, _)| error_type(&text[at + 7..]) == Some("String"));
        found.extend(results.chain(text.match_indices("type Err = String;")).map(|_| path.clone()));
    }
    assert!(found.is_empty(), "results have a String for an error: {found:#?}");
}

/// Returns the second argument of a `Result`, whose arguments begin the text; `None` if it has one only.
fn error_type(text: &str) -> Option<&str> {
    let (mut depth, mut begins) = (0, None);
    for (at, letter) in text.char_indices() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if text[..at].ends_with('-') => {}
            '>' if depth == 0 => {
                return begins.map(|begins: usize| text[begins..at].trim_matches([' ', '\n', ',']));
            }
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 && begins.is_none() => begins = Some(at + 1),
            ';' | '{' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
