//! Custom commands: programs of the configuration run on the selected item, by key and from the palette.

use wadeck::console::{CustomCommands, Keymap};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::agents::requests::{AgentQuery, AgentsAnswer};
use wadeck::domain::custom_command::Values;
use wadeck::domain::query::{Answer, Query};
use wadeck::operations::{ConsolePlace, run_custom_command};
use wadeck::simulator::Person;

use crate::sitting::{Sitting, THEME};
use crate::stage::{CONFIG, Stage, ada};

const COMMANDS: &str = r#"
[[commands]]
title = "Print the contact"
command = ["printf", "<%s>\n", "{{name}}", "of {{connection}}", "{{phone}}"]
key = "alt-o"
pane = "threads"

[[commands]]
title = "Copy the thread"
command = ["printf", "%s", "{{thread}}"]
output = "clipboard"
role = "viewer"
remote = true

[[commands]]
title = "Fail"
command = ["sh", "-c", "echo the order system is closed >&2; exit 3"]
output = "notice"
confirm = true

[[commands]]
title = "Hang"
command = ["sh", "-c", "sleep 600 & wait"]
timeout_seconds = 1

[[commands]]
title = "Show the environment"
command = ["env"]
role = "admin"

[[commands]]
title = "Print much"
command = ["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"]

[[commands]]
title = "Missing program"
command = ["/does/not/exist"]
"#;

async fn stage(name: &str) -> Stage {
    let config = format!("{}\n{COMMANDS}", CONFIG.replace("agent = \"helper\"\n", ""));
    let mut stage = Stage::with_config(&config).await;
    stage.says(&Person::new(name, "15550100002"), "hello").await;
    stage
}

/// Runs a command from the palette.
async fn choose(sitting: &mut Sitting, stage: &Stage, title: &str) {
    sitting.press(stage, ":").await;
    sitting.types(stage, title).await;
    sitting.press(stage, "enter").await;
}

async fn audited(stage: &Stage) -> Vec<(String, String)> {
    let query = AgentQuery::Audit { subject: String::new(), limit: 20, before: None };
    let Answer::Agent(answer) = stage.ask(Query::Agent(query)).await else { panic!("the audit") };
    let AgentsAnswer::Audit(rows) = *answer else { panic!("the audit") };
    let ran = rows.into_iter().filter(|row| row.action == "run_command");
    ran.map(|row| (row.subject.clone(), row.detail.clone())).collect()
}

#[tokio::test]
async fn a_key_runs_a_program_with_arguments_that_no_shell_reads() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let stage = stage("$(touch /tmp/x); `id` \"Rosa\"").await;
        let mut sitting = Sitting::down(&stage, columns, rows).await;
        sitting.press(&stage, "2 alt-o").await;
        sitting.sees("Print the contact");
        sitting.sees("<$(touch /tmp/x); `id` \"Rosa\">");
        sitting.sees("<of support>");
        sitting.sees("<+15550100002>");
        assert_eq!(audited(&stage).await, [("t1".to_owned(), "Print the contact".to_owned())]);
        sitting.press(&stage, "esc 3 alt-o").await;
        assert_eq!(audited(&stage).await.len(), 1, "the key belongs to the pane of threads");
    }
}

#[tokio::test]
async fn a_name_that_looks_like_an_option_runs_nothing() {
    let stage = stage("--output=/etc/passwd").await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2 alt-o").await;
    sitting.sees("begins with a hyphen");
    assert_eq!(audited(&stage).await, []);
}

#[tokio::test]
async fn the_palette_runs_copies_asks_and_reports_failures() {
    let stage = stage("Rosa").await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    choose(&mut sitting, &stage, "Copy the thread").await;
    assert_eq!(sitting.copied, ["t1"]);
    sitting.sees("Copied the output of “Copy the thread”, 2 characters.");
    choose(&mut sitting, &stage, "Fail").await;
    sitting.sees("Run “Fail”?");
    assert_eq!(audited(&stage).await.len(), 1, "nothing ran before the answer");
    sitting.press(&stage, "y").await;
    sitting.sees("the order system is closed");
    for (title, words) in
        [("Missing program", "cannot start /does/not/exist"), ("Hang", "did not end within 1 s and was killed")]
    {
        choose(&mut sitting, &stage, title).await;
        sitting.sees(words);
    }
    choose(&mut sitting, &stage, "Print much").await;
    sitting.press(&stage, "end").await;
    let output = run_custom_command(&stage.system, &ada(), "Print much", &Values::new(), ConsolePlace::Local).await;
    let output = output.expect("ended");
    assert!(output.is_truncated && output.text.len() == 256 * 1024, "{}", output.text.len());
}

#[tokio::test]
async fn programs_do_not_get_the_engines_secrets() {
    let stage = stage("Rosa").await;
    let name = ["CARGO_MANIFEST_DIR", "PWD"].into_iter().find(|name| std::env::var_os(name).is_some());
    let name = name.expect("this process has a variable that is not passed on");
    let (actor, values) = (ada(), Values::new());
    let run = run_custom_command(&stage.system, &actor, "Show the environment", &values, ConsolePlace::Local);
    let text = run.await.expect("ended").text;
    assert!(text.contains("PATH=") && !text.lines().any(|line| line.starts_with(name)), "{text}");
}

#[tokio::test]
async fn roles_and_remote_consoles_are_refused_unless_the_configuration_allows_them() {
    let stage = stage("Rosa").await;
    let mut sitting = Sitting::with(&stage, 120, 40, Role::Viewer, THEME).await;
    sitting.press(&stage, "2 alt-o").await;
    sitting.sees("Only for the role operator or above.");
    choose(&mut sitting, &stage, "Copy the thread").await;
    assert_eq!(sitting.copied, ["t1"]);
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    let values = Values::from([("thread", "t1".to_owned()), ("name", "Rosa".to_owned())]);
    let run = async |actor: &Actor, title: &str, place| {
        let result = run_custom_command(&stage.system, actor, title, &values, place).await;
        result.map(|output| output.text).map_err(|error| error.to_string())
    };
    let refused = run(&viewer, "Fail", ConsolePlace::Local).await.expect_err("a viewer");
    assert!(refused.contains("needs the role operator"), "{refused}");
    let refused = run(&ada(), "Hang", ConsolePlace::Remote).await.expect_err("remote");
    assert!(refused.contains("runs only in the console of the engine's own process"), "{refused}");
    assert_eq!(run(&viewer, "Copy the thread", ConsolePlace::Remote).await, Ok("t1".to_owned()));
    let refused = run(&viewer, "Copy the thread", ConsolePlace::ReadOnly).await.expect_err("read only");
    assert!(refused.contains("opened with --read-only"), "{refused}");
    assert!(
        run(&ada(), "Print the contact", ConsolePlace::Local).await.expect_err("no number").contains("{{connection}}")
    );
    assert!(run(&ada(), "Other", ConsolePlace::Local).await.expect_err("unknown").contains("no command"));
    assert_eq!(audited(&stage).await.len(), 2, "what was refused did not run");
}

#[test]
fn clashing_keys_and_unknown_panes_are_faults() {
    let read = |text: &str| {
        let text = format!("[[commands]]\ntitle = \"x\"\ncommand = [\"true\"]\n{text}");
        let config = wadeck::config::check(&text, &[]).map_err(|faults| faults[0].what.clone())?;
        CustomCommands::read(&config.commands, &mut Keymap::default()).map(|_| ()).map_err(|faults| faults.join("; "))
    };
    assert_eq!(read("key = \"alt-o\"\npane = \"Threads\""), Ok(()));
    for (text, words) in [
        ("key = \"x\"", "Use one with ctrl- or alt-"),
        ("key = \"ctrl-n\"", "is the key of"),
        ("key = \"alt-\"", "is not a key"),
        ("pane = \"orders\"", "there is no pane `orders`"),
        ("role = \"boss\"", "not a valid role"),
        ("output = \"screen\"", "not a valid output"),
        ("timeout_seconds = 0", "between 1 and 600"),
        ("outputs = \"none\"", "Did you mean `output`?"),
        ("[[commands]]\ntitle = \"x\"\ncommand = [\"true\"]", "Two commands have the title `x`"),
        ("[[commands]]\ntitle = \"y\"\ncommand = []", "must begin with a program"),
        ("[[commands]]\ntitle = \"y\"\ncommand = [\"a\", \"{{fone}}\"]", "`{{fone}}` is not a placeholder"),
    ] {
        let fault = read(text).expect_err(text);
        assert!(fault.contains(words), "{text}: {fault}");
    }
}
