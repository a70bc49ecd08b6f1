//! One SSH connection: authentication, and the channels on which it opens a console or runs a command.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Pty};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SshSetup;
use super::listener::ConnectionLimits;
use crate::api::{self, TerminalSpec};
use crate::attach::line::carry;
use crate::attach::surface::{SurfaceCommand, SurfaceEndpoint, SurfaceEvent, pair};
use crate::domain::access::actor::Actor;
use crate::operations::System;

/// A client that does not accept data within this time is disconnected.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Simultaneous channels of one connection.
const MAX_CHANNELS: usize = 4;
/// Maximum length of a command line, in bytes.
const MAX_COMMAND_BYTES: usize = 16 * 1024;

/// Maximum time to send a file.
const FILE_TIMEOUT: Duration = Duration::from_secs(900);
/// Bytes of standard input that are buffered for a command.
const PIPE_BUFFER_BYTES: usize = 64 * 1024;

/// Enters the alternate screen, enables bracketed paste and hides the cursor.
const ENTER_SCREEN: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// Undoes [`ENTER_SCREEN`].
const LEAVE_SCREEN: &str = "\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// The handler of one SSH connection.
pub(super) struct ConsoleClient {
    system: System,
    setup: Arc<SshSetup>,
    limits: Arc<ConnectionLimits>,
    from: IpAddr,
    /// The number of this connection in the limits.
    connection: u64,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Cancelled when the client is authenticated.
    pub authenticated: CancellationToken,
    /// The verified key of the client. `None` before authentication.
    key: Option<PublicKey>,
    pending: HashMap<ChannelId, PendingChannel>,
}

/// A channel before a console or a command is requested on it.
struct PendingChannel {
    channel: Channel<Msg>,
    size: Option<(u16, u16)>,
    colour: bool,
    ascii: bool,
}

impl ConsoleClient {
    pub fn new(
        system: System,
        setup: Arc<SshSetup>,
        limits: Arc<ConnectionLimits>,
        (from, connection, authenticated): (IpAddr, u64, CancellationToken),
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self { system, setup, limits, from, connection, tasks, stop, authenticated, key: None, pending: HashMap::new() }
    }

    fn actor_of_key(&self, key: &PublicKey) -> Option<Actor> {
        (self.setup.whose)(key)
    }

    /// Returns the client's current actor. It is resolved again for each request, because the users may have changed.
    /// `None` if the key is no longer accepted.
    fn actor(&self) -> Option<Actor> {
        self.actor_of_key(self.key.as_ref()?)
    }
}

/// Limits a terminal's width or height to 1 to 1000.
fn clamp_cells(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX).clamp(1, 1_000)
}

impl Handler for ConsoleClient {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        if self.actor_of_key(offer.public_key).is_some() {
            return Ok(Auth::Accept);
        }
        self.limits.record_unknown_key(self.from, self.connection);
        Ok(Auth::reject())
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let Some(actor) = self.actor_of_key(key.public_key) else {
            self.limits.record_unknown_key(self.from, self.connection);
            return Ok(Auth::reject());
        };
        tracing::info!(%actor, from = %self.from, "SSH connection accepted");
        self.key = Some(key.public_key.clone());
        self.authenticated.cancel();
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // Dropping the reply refuses the channel.
        if self.actor().is_some() && self.pending.len() < MAX_CHANNELS {
            let pending = PendingChannel { size: None, colour: true, ascii: false, channel };
            self.pending.insert(pending.channel.id(), pending);
            reply.accept().await;
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(pending) = self.pending.get_mut(&channel) {
            pending.size = Some((clamp_cells(columns), clamp_cells(rows)));
            pending.colour &= term != "dumb";
            pending.ascii |= term == "dumb";
        }
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(pending) = self.pending.get_mut(&channel) else { return session.channel_failure(channel) };
        match name {
            "NO_COLOR" => pending.colour &= value.is_empty(),
            "LANG" | "LC_ALL" | "LC_CTYPE" => pending.ascii |= matches!(value, "C" | "POSIX"),
            _ => return session.channel_failure(channel),
        }
        session.channel_success(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        let (Some(pending), Some(actor)) = (self.pending.remove(&channel), self.actor()) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let (system, setup, stop) = (self.system.clone(), self.setup.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            match pending.size {
                Some((columns, rows)) => {
                    let terminal = TerminalSpec {
                        columns,
                        rows,
                        colour: pending.colour,
                        ascii: pending.ascii,
                        editor: false,
                        is_remote: true,
                        read_only: false,
                        shell: false,
                        organization: None,
                        environment: None,
                        everywhere: false,
                    };
                    let (line, other) = tokio::io::duplex(64 * 1024);
                    let client = api::ConsoleClient { system, actor, terminal, transport: Box::pin(line), stop };
                    let console = tokio::spawn((setup.consoles)(client));
                    show_console(pending.channel, other).await;
                    let _ = console.await;
                }
                None => {
                    let message =
                        "The console needs a terminal: use ssh -t, or add a command such as `threads list`.\r\n";
                    let _ = pending.channel.extended_data(1, message.as_bytes()).await;
                    finish(&pending.channel, 2).await;
                }
            }
        });
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let (Some(pending), Some(actor)) = (self.pending.remove(&channel), self.actor()) else {
            return session.channel_failure(channel);
        };
        let Some(words) =
            std::str::from_utf8(line).ok().filter(|line| line.len() <= MAX_COMMAND_BYTES).and_then(split_command)
        else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let setup = self.setup.clone();
        self.tasks.spawn(async move {
            let (channel_input, line) = pending.channel.split();
            let (input, into) = tokio::io::duplex(PIPE_BUFFER_BYTES);
            let input_task = tokio::spawn(forward_input(channel_input, into));
            let mut output = (setup.verbs)(words, actor, Box::new(input)).await;
            let output_sent = async {
                if !output.out.is_empty() {
                    line.data_bytes(output.out.into_bytes()).await?;
                }
                if !output.err.is_empty() {
                    line.extended_data(1, output.err.as_bytes()).await?;
                }
                Ok::<_, russh::Error>(())
            };
            let mut is_complete = matches!(tokio::time::timeout(SEND_TIMEOUT, output_sent).await, Ok(Ok(())));
            if let Some(file) = output.file.take() {
                is_complete &= matches!(tokio::time::timeout(FILE_TIMEOUT, send_file(file, &line)).await, Ok(true));
            }
            let _ = line.exit_status(if is_complete { output.status } else { 1 }).await;
            let _ = line.eof().await;
            let _ = line.close().await;
            input_task.abort();
        });
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.pending.remove(&channel);
        session.channel_failure(channel)
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.pending.remove(&channel);
        Ok(())
    }
}

/// Forwards standard input of the channel to a command. Input that the command does not read is dropped when it ends.
async fn forward_input(mut from: ChannelReadHalf, mut into: DuplexStream) {
    let mut is_open = true;
    while let Some(message) = from.wait().await {
        match message {
            ChannelMsg::Data { data } if is_open => is_open = into.write_all(&data).await.is_ok(),
            ChannelMsg::Eof if is_open => is_open = into.shutdown().await.is_err(),
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Sends a file to the client. Returns `true` if the client accepted all of it.
async fn send_file(mut file: tokio::fs::File, line: &ChannelWriteHalf<Msg>) -> bool {
    let mut chunk = vec![0; PIPE_BUFFER_BYTES];
    loop {
        let Ok(count) = file.read(&mut chunk).await else { return false };
        if count == 0 {
            return true;
        }
        if !matches!(tokio::time::timeout(SEND_TIMEOUT, line.data_bytes(chunk[..count].to_vec())).await, Ok(Ok(()))) {
            return false;
        }
    }
}

/// Ends a channel with an exit status.
async fn finish(channel: &Channel<Msg>, status: u32) {
    let _ = channel.exit_status(status).await;
    let _ = channel.eof().await;
    let _ = channel.close().await;
}

/// Shows a console on the channel until either ends.
async fn show_console(mut channel: Channel<Msg>, line: tokio::io::DuplexStream) {
    let (surface, SurfaceEndpoint { events, mut commands }) = pair();
    let mut console_connection = tokio::spawn(carry(line, surface, None));
    let _ = channel.data_bytes(ENTER_SCREEN).await;
    let reason = loop {
        tokio::select! {
            message = channel.wait() => {
                let event = match message {
                    Some(ChannelMsg::Data { data }) => SurfaceEvent::Bytes(data.to_vec()),
                    Some(ChannelMsg::WindowChange { col_width, row_height, .. }) => {
                        SurfaceEvent::Size { columns: clamp_cells(col_width), rows: clamp_cells(row_height) }
                    }
                    Some(ChannelMsg::Eof | ChannelMsg::Close) | None => break None,
                    Some(_) => continue,
                };
                if events.send(event).await.is_err() {
                    break Some(String::new());
                }
            }
            command = commands.recv() => match command {
                Some(SurfaceCommand::Frame(bytes)) => {
                    // Sending waits for window space, so the next frame is drawn after that.
                    match tokio::time::timeout(SEND_TIMEOUT, channel.data_bytes(bytes)).await {
                        Ok(Ok(())) => {}
                        _ => break None,
                    }
                    if events.send(SurfaceEvent::Ready).await.is_err() {
                        break Some(String::new());
                    }
                }
                Some(SurfaceCommand::Suspend | SurfaceCommand::Edit(_) | SurfaceCommand::Upload(_)) => {}
                Some(SurfaceCommand::End(why)) => break Some(why),
                None => break (&mut console_connection).await.ok().flatten().or(Some(String::new())),
            },
        }
    };
    if let Some(why) = reason {
        let why = if why.is_empty() { String::new() } else { format!("{why}\r\n") };
        let _ =
            tokio::time::timeout(SEND_TIMEOUT, channel.data_bytes(format!("{LEAVE_SCREEN}{why}").into_bytes())).await;
        finish(&channel, 0).await;
    }
}

/// Splits a command line like a shell, without expansions, and removes the program's own name. `None` if a quote is
/// not closed.
fn split_command(line: &str) -> Option<Vec<String>> {
    let mut words = shell_words::split(line).ok()?;
    if words.first().is_some_and(|first| first == "wadeck" || first.ends_with("/wadeck")) {
        words.remove(0);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_like_in_a_shell_without_expansions() {
        let split = |line: &str| split_command(line).expect("words");
        assert_eq!(split("wadeck threads list --json"), ["threads", "list", "--json"]);
        assert_eq!(split(r#"send --text "two words" '' a\ b"#), ["send", "--text", "two words", "", "a b"]);
        assert_eq!(split("status $HOME `id` ; rm -rf /"), ["status", "$HOME", "`id`", ";", "rm", "-rf", "/"]);
        assert_eq!(split_command("send 'open"), None);
    }
}
