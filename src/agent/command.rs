//! `kind = "command"`: a program that gets the transcript on standard input and answers on
//! standard output. It is stopped with everything it started when its time is over.

use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::http::parse;
use super::{AgentAnswer, AgentError, AgentInput, LONGEST_OUTPUT, excerpt};

pub(super) async fn answer(program: &str, arguments: &[String], input: &AgentInput) -> Result<AgentAnswer, AgentError> {
    let body =
        serde_json::to_vec(input).map_err(|error| AgentError(format!("Cannot write the transcript: {error}")))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = super::start(&mut command)
        .map_err(|error| AgentError(format!("Cannot start the agent's program {program}: {error}")))?;
    let _group = Group(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input is free not to.
            let _ = stdin.write_all(&body).await;
        }
    };
    let (out, err) = (read(stdout), read(stderr));
    let ((), out, err) = tokio::join!(feed, out, err);
    let (out, err) = (out?, err.unwrap_or_default());
    let status = child.wait().await.map_err(|error| AgentError(format!("The agent's program failed: {error}")))?;
    if !status.success() {
        return Err(AgentError(format!("The agent's program ended with {status}: {}", excerpt(&err))));
    }
    parse(&out)
}

async fn read(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> Result<String, AgentError> {
    let mut bytes = vec![];
    if let Some(pipe) = pipe {
        let read = pipe.take(LONGEST_OUTPUT as u64 + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| AgentError(format!("Cannot read the agent's output: {error}")))?;
    }
    if bytes.len() > LONGEST_OUTPUT {
        return Err(AgentError(format!("The agent printed more than {} KB.", LONGEST_OUTPUT / 1024)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The program and its children: gone when this is.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}
