//! Agents of `kind = "command"`: a program that reads the transcript as JSON from standard input and prints its
//! reply. After the agent's timeout, it is killed together with all its child processes.

use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::http::parse;
use super::programs::ProcessGroup;
use super::{AgentAnswer, AgentError, AgentInput, MAX_OUTPUT_BYTES, excerpt};

/// Runs the program once. Fails if it cannot be started, exits with an error or prints something invalid.
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
    let _group = ProcessGroup::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write_input = async {
        if let Some(mut stdin) = stdin {
            // A program may exit or reply without reading its input.
            let _ = stdin.write_all(&body).await;
        }
    };
    let (out, err) = (read_output(stdout), read_output(stderr));
    let ((), out, err) = tokio::join!(write_input, out, err);
    let (out, err) = (out?, err.unwrap_or_default());
    let status = child.wait().await.map_err(|error| AgentError(format!("The agent's program failed: {error}")))?;
    if !status.success() {
        return Err(AgentError(format!("The agent's program ended with {status}: {}", excerpt(&err))));
    }
    parse(&out)
}

/// Reads a pipe to its end as text; fails above `MAX_OUTPUT_BYTES`.
async fn read_output(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> Result<String, AgentError> {
    let mut bytes = vec![];
    if let Some(pipe) = pipe {
        let result = pipe.take(MAX_OUTPUT_BYTES as u64 + 1).read_to_end(&mut bytes).await;
        result.map_err(|error| AgentError(format!("Cannot read the agent's output: {error}")))?;
    }
    if bytes.len() > MAX_OUTPUT_BYTES {
        return Err(AgentError(format!("The agent printed more than {} KB.", MAX_OUTPUT_BYTES / 1024)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
