//! Files and paths over SSH, over the socket by another user, and over HTTP. The engine opens, writes and removes no
//! file of a client; only bytes are transferred.

use std::process::Stdio;
use std::time::Duration;

use wadeck::simulator::{Person, Saying, Simulator};

use crate::ssh::{ask, connect, engine, pipe};
use crate::world::{SUPPORT, WAIT_LIMIT, World, simulator, until};

/// Rosa sends a picture, which opens thread `t1`. Returns the id of the message with the file.
async fn rosa_writes(simulator: &Simulator, world: &World) -> String {
    simulator.subscribe(&world.url());
    let rosa = Person::new("Rosa", "15550100002");
    simulator.says(SUPPORT, &rosa, &Saying::text("Hello"));
    simulator.says(SUPPORT, &rosa, &Saying::Image { caption: Some("my tooth".into()) });
    let found = async {
        loop {
            let rows = world.json(&["messages", "search", "kind:image dir:in"]);
            let id = rows[0]["id"].as_str().or_else(|| rows[0]["message"]["id"].as_str()).map(str::to_owned);
            if let Some(id) = id
                && world.json(&["messages", "show", &id])["media"]["state"] == "kept"
            {
                return id;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        found = tokio::time::timeout(WAIT_LIMIT, found) => found.expect("her picture came and was fetched"),
    }
}

/// Runs the simulator until the engine has nothing left to send.
async fn sent(simulator: &Simulator, what: impl Fn(&Simulator) -> bool) {
    let done = async {
        while !what(simulator) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = simulator.run() => unreachable!("it runs for ever"),
        done = tokio::time::timeout(WAIT_LIMIT, done) => done.expect("it was sent"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_transfers_files_through_the_session_only() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let (_engine, port) = engine(&world);
    let picture = rosa_writes(&simulator, &world).await;
    let ada = connect(port, 1).await.expect("let in");
    let config = world.directory.path().join("wadeck.toml").display().to_string();
    let target = world.directory.path().join("written");
    let before = simulator.uploads();
    let mut attacks = vec![];
    for path in ["/proc/self/environ", "/etc/passwd", "../wadeck.toml", "file:///etc/passwd", "/dev/zero", &config] {
        attacks.push(format!("send --thread t1 --file {path}"));
        attacks.push(format!("send --thread t1 --media {path} --voice"));
        attacks.push(format!("send --thread t1 --template plain --header {path}"));
        for kind in ["document", "image", "video", "audio", "sticker"] {
            let content = format!(r#"{{"type":"{kind}","id":"","mime_type":"text/plain","file":"{path}"}}"#);
            attacks.push(format!("send --thread t1 --content '{content}'"));
        }
    }
    attacks.push(format!("messages save {picture} {}", target.display()));
    attacks.push(format!("messages save {picture}"));
    for attack in attacks {
        let (out, err, status) = ask(&ada, &attack).await;
        assert!(out.trim().is_empty() && !err.is_empty() && status == Some(3), "{attack}: {out}{err}{status:?}");
        assert!(!err.contains("root:") && !err.contains("program-key"), "{attack}: {err}");
    }
    let mine = world.json(&["outbox", "list", "--filter", "by:ada"]);
    assert_eq!((mine.as_array().map(Vec::len), simulator.uploads()), (Some(0), before), "{mine}");
    assert!(!target.exists());

    // Uploads and downloads go through the session.
    let (out, err, status) = pipe(&ada, "send --thread t1 --file - --name ../note.txt", b"from my own machine").await;
    assert_eq!(status, Some(0), "{}{err}", String::from_utf8_lossy(&out));
    sent(&simulator, |simulator| simulator.uploads() > before).await;
    sent(&simulator, |simulator| simulator.accepted().iter().any(|one| one.kind == "document")).await;
    let note = simulator.accepted().into_iter().find(|one| one.kind == "document").expect("there");
    assert_eq!(note.object["filename"], "note.txt");
    let (_, _, bytes) = simulator.file(note.object["id"].as_str().expect("an id")).expect("uploaded");
    assert_eq!(bytes, b"from my own machine");
    let (out, err, status) = pipe(&ada, "send --thread t1 --text -", "two lines,\nover the line\n".as_bytes()).await;
    assert_eq!(status, Some(0), "{}{err}", String::from_utf8_lossy(&out));
    sent(&simulator, |simulator| simulator.accepted().iter().any(|one| one.text == "two lines,\nover the line")).await;
    let (bytes, err, status) = pipe(&ada, &format!("messages save {picture} -"), b"").await;
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(bytes.starts_with(b"\x89PNG"), "{} bytes", bytes.len());
    // A viewer can neither upload nor download.
    let vic = connect(port, 2).await.expect("let in");
    for verb in ["send --thread t1 --file -".to_owned(), format!("messages save {picture} -")] {
        let (out, err, status) = pipe(&vic, &verb, b"hello").await;
        assert!(out.is_empty() && err.contains("vic may not") && status == Some(3), "{verb}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_files_are_opened_with_the_callers_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let file = world.directory.path().join("wadeck.toml");
    let config = std::fs::read_to_string(&file).expect("a configuration");
    let people = "\n[[users]]\nname = \"owner\"\nrole = \"admin\"\nos_user = \"root\"\n\n[[users]]\nname = \"guest\"\nrole = \"operator\"\nos_user = \"nobody\"\n\n[attach]\ngroup = \"nogroup\"\n";
    let is_root = rustix::process::getuid().is_root();
    let other = is_root && std::process::Command::new("setpriv").arg("--version").output().is_ok();
    if other {
        std::fs::write(&file, format!("{config}{people}")).expect("written");
        let open = |mode| std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(world.directory.path(), open(0o711)).expect("it can be passed");
    }
    let _engine = world.serve();
    let picture = rosa_writes(&simulator, &world).await;
    let at = |name: &str| world.directory.path().join(name).display().to_string();
    let own = at("own.txt");
    std::fs::write(&own, "the owner's own").expect("written");
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o600)).expect("closed");
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    std::os::unix::fs::symlink("/dev/zero", at("link")).expect("a link");
    for path in [at("pipe"), at("link"), "/dev/zero".into(), at("."), "/nowhere".into()] {
        let output = world.run(&["send", "--thread", "t1", "--file", &path]);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && !err.is_empty(), "{path}: {err}");
    }
    if other {
        // The process of another user opens the file, so that user's permissions apply.
        let as_guest = |arguments: &[&str]| {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
            command.arg(env!("CARGO_BIN_EXE_wadeck")).args(arguments).env("WADECK_DATA_DIR", world.data());
            command.current_dir("/").stdin(Stdio::null()).output().expect("it runs")
        };
        let reply = as_guest(&["threads", "list", "--json"]);
        assert!(reply.status.success(), "{}", String::from_utf8_lossy(&reply.stderr));
        for path in [own.as_str(), "/proc/1/environ", &at("wadeck.toml")] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("closed");
            let output = as_guest(&["send", "--thread", "t1", "--file", path]);
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(3) && err.contains("Cannot read"), "{path}: {err}");
        }
        let output = as_guest(&["messages", "save", &picture, &at("taken.png")]);
        assert!(
            !output.status.success() && !world.directory.path().join("taken.png").exists(),
            "they may not write there"
        );
    }
    assert_eq!(world.json(&["outbox", "list", "--filter", "kind:document"]).as_array().map(Vec::len), Some(0));
    let output = world.run(&["send", "--thread", "t1", "--file", &own, "--caption", "as I promised"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sent(&simulator, |simulator| simulator.accepted().iter().any(|one| one.kind == "document")).await;
    let directory = at("saved");
    std::fs::create_dir(&directory).expect("made");
    let saved = world.json(&["messages", "save", &picture, &directory]);
    let path = std::path::PathBuf::from(saved["made"].as_str().expect("a path"));
    assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(format!("{picture}-photo.jpg").as_str()));
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    // Stored files are private even if the directory was created with open permissions.
    let media = world.data().join("media");
    assert_eq!(std::fs::metadata(&media).expect("there").permissions().mode() & 0o777, 0o700);
    let mut child =
        world.command(&["send", "--thread", "t1", "--text", "-"]).stdin(Stdio::piped()).spawn().expect("runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("open"), b"from a pipe\n").expect("piped");
    let mut ended = None;
    until("it ends with its input", || {
        ended = child.try_wait().expect("known");
        ended.is_some()
    });
    assert!(ended.is_some_and(|ended| ended.success()));
    sent(&simulator, |simulator| simulator.accepted().iter().any(|one| one.text == "from a pipe")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_client_uploads_bytes_without_a_path() {
    let simulator = simulator().await;
    let world = World::new(&simulator);
    let _engine = world.serve();
    let picture = rosa_writes(&simulator, &world).await;
    let made = world.json(&["tokens", "make", "shop", "--role", "operator"]);
    let other = world.json(&["tokens", "make", "other", "--role", "operator"]);
    let token = |made: &serde_json::Value| made["made"].as_str().expect("a token").to_owned();
    let (token, other) = (token(&made), token(&other));
    let client = reqwest::Client::new();
    let api = format!("{}/api/v1", world.url());
    for body in [
        serde_json::json!({ "thread": "t1", "file": { "upload": "/etc/passwd" } }),
        serde_json::json!({ "thread": "t1", "file": { "path": "/etc/passwd" } }),
        serde_json::json!({ "thread": "t1", "file": "/etc/passwd" }),
        serde_json::json!({ "thread": "t1", "text": "x", "header_file": "/etc/passwd" }),
        serde_json::json!({ "thread": "t1", "template": { "name": "x", "language": "en", "header": "/etc/passwd" } }),
        serde_json::json!({ "thread": "t1", "content": { "type": "document", "file": "/etc/passwd" } }),
    ] {
        let answer = client.post(format!("{api}/messages")).bearer_auth(&token).json(&body).send().await.expect("told");
        assert_eq!(answer.status(), 422, "{body}");
    }
    let post = client.post(format!("{api}/uploads?name=../../-rf")).bearer_auth(&token).body("bytes of a program");
    let uploaded: serde_json::Value = post.send().await.expect("told").json().await.expect("JSON");
    assert_eq!((uploaded["name"].as_str(), uploaded["bytes"].as_u64()), (Some("-rf"), Some(18)), "{uploaded}");
    let body = serde_json::json!({ "thread": "t1", "file": { "upload": uploaded["upload"], "caption": "hi" } });
    let post = |token: &str| client.post(format!("{api}/messages")).bearer_auth(token).json(&body).send();
    assert_eq!(post(&other).await.expect("told").status(), 404, "an upload is of whoever made it");
    assert_eq!(post(&token).await.expect("told").status(), 200);
    sent(&simulator, |simulator| simulator.accepted().iter().any(|one| one.kind == "document")).await;
    let unnamed = client.post(format!("{api}/uploads")).bearer_auth(&token).body("x").send().await.expect("told");
    assert_eq!(unnamed.status(), 422);
    let nobody = client.post(format!("{api}/uploads?name=x")).body("x").send().await.expect("told");
    assert_eq!(nobody.status(), 401);
    let got = client.get(format!("{api}/messages/{picture}/file")).bearer_auth(&token).send().await.expect("told");
    assert_eq!((got.status().as_u16(), got.headers()["content-type"].to_str().ok()), (200, Some("image/png")));
    assert!(got.headers()["content-disposition"].to_str().expect("text").contains(&format!("{picture}-photo.jpg")));
    assert!(got.bytes().await.expect("bytes").starts_with(b"\x89PNG"));
}
