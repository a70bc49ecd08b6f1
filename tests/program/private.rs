//! The data directory is private, whatever the umask, the creator of the directory, and the other users of the
//! machine.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use wadeck::simulator::{Person, Saying};

use crate::world::{SUPPORT, Served, World, exists, simulator, until};

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}

/// Returns the binary's command under another umask.
fn under_umask(world: &World, umask: &str, arguments: &[&str]) -> Command {
    let plain = world.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(world.directory.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the binary as another user. `None` where this user may not switch.
fn run_as_other_user(world: &World, arguments: &[&str]) -> Option<Output> {
    if rustix::process::geteuid().as_raw() != 0 {
        return None;
    }
    let plain = world.command(arguments);
    // The binary may be in a private directory.
    let copy = world.directory.path().join("wadeck-for-all");
    if !copy.exists() {
        std::fs::copy(plain.get_program(), &copy).expect("copied");
        set_mode(&copy, 0o755);
    }
    set_mode(world.directory.path(), 0o755);
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy).args(arguments);
    command.env("WADECK_DATA_DIR", world.data()).env_remove("WADECK_CONFIG").current_dir("/").stdin(Stdio::null());
    Some(command.output().expect("setpriv runs"))
}

fn assert_all_private(directory: &Path) {
    assert_eq!(mode(directory) & 0o077, 0, "{}", directory.display());
    for entry in std::fs::read_dir(directory).expect("read") {
        let entry = entry.expect("an entry");
        let path = entry.path();
        assert_eq!(mode(&path) & 0o077, 0, "{} has {:o}", path.display(), mode(&path));
        if entry.file_type().expect("a type").is_dir() {
            assert_all_private(&path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_directory_is_private_with_any_umask() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let data = world.data();
    std::fs::create_dir(&data).expect("made");
    set_mode(&data, 0o777);
    let child = under_umask(&world, "0000", &["serve"]).stderr(Stdio::piped()).spawn().expect("it starts");
    let engine = Served(child);
    until("the engine takes questions", || exists(&data.join("wadeck.sock")));
    simulator.subscribe(&world.url());
    simulator.says(SUPPORT, &Person::new("Rosa", "15550100002"), &Saying::text("Is anybody there?"));
    simulator.step(crate::world::now_millis() + 60_000).await;
    until("it is applied", || !world.json(&["threads", "list"])[0].is_null());
    assert_all_private(&data);
    for name in ["wadeck.db", "wadeck.db-wal", "wadeck.db-shm", "wadeck.lock", "wadeck.sock"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    for name in ["", "logs"] {
        assert_eq!(mode(&data.join(name)), 0o700, "{name}");
    }
    until("it said that others could enter", || world.log().contains("Other users could enter"));
    assert!(world.log().contains("0777"), "with the mode there was");

    let backup = world.directory.path().join("copy.db");
    let media = world.directory.path().join("copies");
    let arguments = ["backup", backup.to_str().expect("a path"), "--media", media.to_str().expect("a path")];
    let done = under_umask(&world, "0000", &arguments).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!((mode(&backup), mode(&media)), (0o600, 0o700));

    // Another user's request over the socket is refused.
    let is_refused = |output: Option<Output>| {
        let Some(output) = output else { return };
        let (out, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && out.is_empty() && why.contains("You may not use"), "{out}{why}");
    };
    is_refused(run_as_other_user(&world, &["contacts", "list"]));
    // It is refused even if they can read the files: the engine decides.
    set_mode(&data, 0o711);
    set_mode(&data.join("wadeck.db"), 0o644);
    is_refused(run_as_other_user(&world, &["contacts", "list", "--json"]));
    let seen = world.json(&["doctor"]);
    let reply = seen.as_array().expect("a list").iter().find(|one| one["what"] == "data directory").expect("looked at");
    assert!(
        reply["fine"] == false && reply["said"].as_str().is_some_and(|output_text| output_text.contains("0711")),
        "{reply}"
    );
    drop(engine);
    // Without an engine, they cannot open the lock file.
    is_refused(run_as_other_user(&world, &["contacts", "list"]));
    // The next start makes the files private again.
    let _engine = world.serve();
    assert_all_private(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_user_is_not_told_that_no_engine_runs() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let Some(output) = run_as_other_user(&world, &["doctor", "--json"]) else { return };
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for what in ["engine", "database"] {
        let one = found.as_array().and_then(|all| all.iter().find(|one| one["what"] == what)).expect("looked at");
        assert_eq!(one["level"], "FAIL", "{one}");
        assert!(one["remedy"].as_str().is_some_and(|remedy| remedy.contains("the engine's user")), "{one}");
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("You may not use") && !text.contains("none runs"), "{text}");
    assert!(!text.contains("at the first start"), "{text}");
    // The same applies to every verb that queries, follows, downloads or changes.
    for verb in [&["status"][..], &["events", "follow"], &["messages", "save", "m1", "-"], &["threads", "take", "t1"]] {
        let output = run_as_other_user(&world, verb).expect("a stranger");
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && why.contains("You may not use"), "{verb:?}: {why}");
        assert!(!why.contains("No engine"), "{verb:?}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_of_another_user_is_refused() {
    if rustix::process::geteuid().as_raw() != 0 {
        return;
    }
    let simulator = simulator().await;
    let world = World::new(&simulator);
    std::fs::create_dir(world.data()).expect("made");
    set_mode(&world.data(), 0o755);
    std::os::unix::fs::chown(world.data(), Some(65_534), Some(65_534)).expect("given away");
    let output = world.run(&["serve"]);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{why}");
    assert!(why.contains("belongs to another user") && why.contains("--data-dir"), "{why}");
    assert_eq!(std::fs::read_dir(world.data()).expect("read").count(), 0, "nothing was written there");
    assert_eq!(mode(&world.data()), 0o755);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_socket_is_recreated() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let socket = world.data().join("wadeck.sock");
    std::fs::remove_file(&socket).expect("removed");
    // Meanwhile the verb reports a running engine and does not read the files itself.
    let output = world.run(&["contacts", "list"]);
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(why.contains("does not answer on its socket") && output.stdout.is_empty(), "{why}");
    }
    until("it is there again", || std::fs::symlink_metadata(&socket).is_ok_and(|found| found.file_type().is_socket()));
    until("it answers", || world.run(&["contacts", "list"]).status.success());
    assert_eq!(mode(&socket), 0o600);
    // Another file in the socket's place is removed. It is put there in one step, as the engine may recreate the
    // socket between two, and a socket cannot be overwritten.
    let other = world.data().join("other");
    std::fs::write(&other, "not a socket").expect("written");
    std::fs::rename(&other, &socket).expect("in its place");
    until("it is a socket again", || {
        std::fs::symlink_metadata(&socket).is_ok_and(|found| found.file_type().is_socket())
    });
    until("it answers again", || world.run(&["contacts", "list"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_programs_inherit_the_umask_of_the_engines_caller() {
    use std::os::unix::process::CommandExt;
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let config = world.directory.path().join("wadeck.toml");
    let before = std::fs::read_to_string(&config).expect("read");
    let answers = "cat > /dev/null; touch made; echo '{\\\"reply\\\": [\\\"Hello.\\\"]}'";
    let agent =
        format!("\n[[agents]]\nname = \"program\"\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"{answers}\"]\n");
    std::fs::write(&config, format!("{before}{agent}")).expect("written");
    let wadeck = world.command(&["serve"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "umask 026; exec \"$0\" serve"]).arg(wadeck.get_program()).arg0("sh");
    shell.envs(wadeck.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    shell.current_dir(world.directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let _engine = crate::world::Served(shell.spawn().expect("it starts"));
    until("it answers", || world.run(&["status"]).status.success());
    let tested = world.run(&["agents", "test", "program", "hi"]);
    let made = world.directory.path().join("made");
    assert!(made.exists(), "{}", String::from_utf8_lossy(&[&tested.stdout[..], &tested.stderr[..]].concat()));
    assert_eq!(mode(&made), 0o640, "as the umask of whoever started it says");
    assert_all_private(&world.data());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_open_file_modes_and_unreadable_secrets() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let found = |environment: &[(&str, &str)], what: &str| {
        let mut command = world.command(&["doctor", "--json"]);
        command.envs(environment.iter().copied());
        let output = command.stdin(Stdio::null()).output().expect("it runs");
        let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let one = all.as_array().expect("a list").iter().find(|one| one["what"] == what).cloned();
        one.unwrap_or_else(|| panic!("{what} is not looked at: {all}")).to_string()
    };
    std::fs::create_dir(world.data()).expect("made");
    for (open, octal) in [(0o755, "0755"), (0o770, "0770"), (0o701, "0701")] {
        set_mode(&world.data(), open);
        let output_text = found(&[], "data directory");
        assert!(output_text.contains(octal) && output_text.contains("chmod 700"), "{output_text}");
    }
    set_mode(&world.data(), 0o700);
    assert!(!found(&[], "data directory").contains("chmod"));
    // No user can read a secret from a directory.
    let place = world.directory.path().display().to_string();
    let output_text = found(&[("KAPSO_API_KEY", ""), ("KAPSO_API_KEY_FILE", &place)], "api key");
    assert!(
        output_text.contains("cannot be read") && output_text.contains(&place) && !output_text.contains("is not set"),
        "{output_text}"
    );
    let empty = world.directory.path().join("empty");
    std::fs::write(&empty, "").expect("written");
    let output_text = found(&[("KAPSO_API_KEY", ""), ("KAPSO_API_KEY_FILE", &empty.display().to_string())], "api key");
    assert!(output_text.contains("is empty"), "{output_text}");
    assert!(found(&[("KAPSO_API_KEY", "")], "api key").contains("KAPSO_API_KEY is not set"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_a_missing_or_unreadable_verify_token_and_account() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let config = "[[connections]]\nname = \"direct\"\nprovider = \"meta\"\nphone_number = \"+15550100201\"\n\
                  phone_number_id = \"200000000000001\"\nbusiness_account_id = \"200000000000002\"\n\n\
                  [[connections]]\nname = \"clinic\"\nprovider = \"twilio\"\nphone_number = \"+15550100300\"\n";
    std::fs::write(world.directory.path().join("wadeck.toml"), config).expect("written");
    let checked = world.run(&["config", "check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let place = world.directory.path().display().to_string();
    let empty = world.directory.path().join("empty");
    std::fs::write(&empty, "").expect("written");
    let empty = empty.display().to_string();
    for (what, name) in [("variable", "META_VERIFY_TOKEN"), ("account", "TWILIO_ACCOUNT_SID")] {
        let found = |value: &str, file: &str| {
            let mut command = world.command(&["doctor", "--json"]);
            command.env(name, value).env(format!("{name}_FILE"), file);
            let output = command.stdin(Stdio::null()).output().expect("it runs");
            assert_eq!(output.status.code(), Some(1), "something is to be mended");
            let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let about = |one: &&serde_json::Value| one["what"] == what && one.to_string().contains(name);
            all.as_array().expect("a list").iter().find(about).unwrap_or_else(|| panic!("{name}: {all}")).clone()
        };
        let missing = found("", "");
        assert_eq!(missing["fine"], false, "{missing}");
        assert!(
            missing["said"].as_str().is_some_and(|output_text| output_text.contains(&format!("{name} is not set"))),
            "{missing}"
        );
        assert!(missing["remedy"].as_str().is_some_and(|remedy| remedy.contains(name)), "{missing}");
        let unreadable = found("", &place);
        assert!(unreadable.to_string().contains("cannot be read"), "{unreadable}");
        assert!(!unreadable.to_string().contains("is not set"), "one cause: {unreadable}");
        assert!(found("", &empty).to_string().contains("is empty"));
        assert_eq!(found("AC0123456789abcdef0123456789abcdef", "")["fine"], true);
    }
}
