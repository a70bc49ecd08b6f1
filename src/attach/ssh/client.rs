//! One person at the other end: who they are, and what they ask for, which is a console or a verb.

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
use super::door::ConnectionLimits;
use crate::api::{self, TerminalSpec};
use crate::attach::line::carry;
use crate::attach::surface::{SurfaceCommand, SurfaceEndpoint, SurfaceEvent, pair};
use crate::domain::access::actor::Actor;
use crate::operations::System;

/// Whoever does not take a frame within this is gone.
const TAKES: Duration = Duration::from_secs(60);
/// Consoles and verbs of one line at once.
const MOST_CHANNELS: usize = 4;
/// A verb is no longer than this.
const LONGEST_VERB: usize = 16 * 1024;

/// A file is given out within this.
const FILE_TAKES: Duration = Duration::from_secs(900);
/// Bytes that were piped into a command and that it has not read.
const PIPED: usize = 64 * 1024;

const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
const LEAVE: &str = "\x1b[?2004l\x1b[?1049l\x1b[?25h";

pub(super) struct ConsoleClient {
    system: System,
    setup: Arc<SshSetup>,
    crowd: Arc<ConnectionLimits>,
    from: IpAddr,
    /// The number of this line in the crowd.
    line: u64,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Cancelled once it is known who they are.
    pub known: CancellationToken,
    /// The key that they hold.
    key: Option<PublicKey>,
    opened: HashMap<ChannelId, Opened>,
}

/// A channel before it is clear what it is for.
struct Opened {
    channel: Channel<Msg>,
    size: Option<(u16, u16)>,
    colour: bool,
    ascii: bool,
}

impl ConsoleClient {
    pub fn new(
        system: System,
        setup: Arc<SshSetup>,
        crowd: Arc<ConnectionLimits>,
        (from, line, known): (IpAddr, u64, CancellationToken),
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self { system, setup, crowd, from, line, tasks, stop, known, key: None, opened: HashMap::new() }
    }

    fn whose(&self, key: &PublicKey) -> Option<Actor> {
        (self.setup.whose)(key)
    }

    /// Who they are now. It is asked for each thing that they want: people may be others since they came.
    fn actor(&self) -> Option<Actor> {
        self.whose(self.key.as_ref()?)
    }
}

fn cells(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX).clamp(1, 1_000)
}

impl Handler for ConsoleClient {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        if self.whose(offer.public_key).is_some() {
            return Ok(Auth::Accept);
        }
        self.crowd.wrong(self.from, self.line);
        Ok(Auth::reject())
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let Some(actor) = self.whose(key.public_key) else {
            self.crowd.wrong(self.from, self.line);
            return Ok(Auth::reject());
        };
        tracing::info!(%actor, from = %self.from, "SSH connection accepted");
        self.key = Some(key.public_key.clone());
        self.known.cancel();
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // Letting go of the reply refuses it.
        if self.actor().is_some() && self.opened.len() < MOST_CHANNELS {
            let opened = Opened { size: None, colour: true, ascii: false, channel };
            self.opened.insert(opened.channel.id(), opened);
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
        if let Some(opened) = self.opened.get_mut(&channel) {
            opened.size = Some((cells(columns), cells(rows)));
            opened.colour &= term != "dumb";
            opened.ascii |= term == "dumb";
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
        let Some(opened) = self.opened.get_mut(&channel) else { return session.channel_failure(channel) };
        match name {
            "NO_COLOR" => opened.colour &= value.is_empty(),
            "LANG" | "LC_ALL" | "LC_CTYPE" => opened.ascii |= matches!(value, "C" | "POSIX"),
            _ => return session.channel_failure(channel),
        }
        session.channel_success(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        let (Some(opened), Some(actor)) = (self.opened.remove(&channel), self.actor()) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let (system, setup, stop) = (self.system.clone(), self.setup.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            match opened.size {
                Some((columns, rows)) => {
                    let wanted = TerminalSpec {
                        columns,
                        rows,
                        colour: opened.colour,
                        ascii: opened.ascii,
                        editor: false,
                        spares: true,
                        read_only: false,
                        shell: false,
                        organization: None,
                        environment: None,
                        everywhere: false,
                    };
                    let (line, other) = tokio::io::duplex(64 * 1024);
                    let client = api::ConsoleClient { system, actor, wanted, line: Box::pin(line), stop };
                    let console = tokio::spawn((setup.consoles)(client));
                    show(opened.channel, other).await;
                    let _ = console.await;
                }
                None => {
                    let said = "The console needs a terminal: use ssh -t, or add a command such as `threads list`.\r\n";
                    let _ = opened.channel.extended_data(1, said.as_bytes()).await;
                    finish(&opened.channel, 2).await;
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
        let (Some(opened), Some(actor)) = (self.opened.remove(&channel), self.actor()) else {
            return session.channel_failure(channel);
        };
        let Some(words) = std::str::from_utf8(line).ok().filter(|line| line.len() <= LONGEST_VERB).and_then(words)
        else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let setup = self.setup.clone();
        self.tasks.spawn(async move {
            let (piped, line) = opened.channel.split();
            let (input, into) = tokio::io::duplex(PIPED);
            let piping = tokio::spawn(pipe(piped, into));
            let mut ran = (setup.verbs)(words, actor, Box::new(input)).await;
            let said = async {
                if !ran.out.is_empty() {
                    line.data_bytes(ran.out.into_bytes()).await?;
                }
                if !ran.err.is_empty() {
                    line.extended_data(1, ran.err.as_bytes()).await?;
                }
                Ok::<_, russh::Error>(())
            };
            let mut taken = matches!(tokio::time::timeout(TAKES, said).await, Ok(Ok(())));
            if let Some(file) = ran.file.take() {
                taken &= matches!(tokio::time::timeout(FILE_TAKES, hand_out(file, &line)).await, Ok(true));
            }
            let _ = line.exit_status(if taken { ran.status } else { 1 }).await;
            let _ = line.eof().await;
            let _ = line.close().await;
            piping.abort();
        });
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.opened.remove(&channel);
        session.channel_failure(channel)
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.opened.remove(&channel);
        Ok(())
    }
}

/// Carries what is piped into a command to it. What it does not read is dropped once it ended.
async fn pipe(mut from: ChannelReadHalf, mut into: DuplexStream) {
    let mut reads = true;
    while let Some(message) = from.wait().await {
        match message {
            ChannelMsg::Data { data } if reads => reads = into.write_all(&data).await.is_ok(),
            ChannelMsg::Eof if reads => reads = into.shutdown().await.is_err(),
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Sends a file to whoever asked for it, as fast as they take it. Returns whether they took all of it.
async fn hand_out(mut file: tokio::fs::File, line: &ChannelWriteHalf<Msg>) -> bool {
    let mut piece = vec![0; PIPED];
    loop {
        let Ok(count) = file.read(&mut piece).await else { return false };
        if count == 0 {
            return true;
        }
        if !matches!(tokio::time::timeout(TAKES, line.data_bytes(piece[..count].to_vec())).await, Ok(Ok(()))) {
            return false;
        }
    }
}

async fn finish(channel: &Channel<Msg>, status: u32) {
    let _ = channel.exit_status(status).await;
    let _ = channel.eof().await;
    let _ = channel.close().await;
}

/// Shows a console on the channel until either ends.
async fn show(mut channel: Channel<Msg>, line: tokio::io::DuplexStream) {
    let (surface, SurfaceEndpoint { heard, mut told }) = pair();
    let mut carried = tokio::spawn(carry(line, surface, None));
    let _ = channel.data_bytes(ENTER).await;
    let said = loop {
        tokio::select! {
            message = channel.wait() => {
                let done = match message {
                    Some(ChannelMsg::Data { data }) => SurfaceEvent::Bytes(data.to_vec()),
                    Some(ChannelMsg::WindowChange { col_width, row_height, .. }) => {
                        SurfaceEvent::Size { columns: cells(col_width), rows: cells(row_height) }
                    }
                    Some(ChannelMsg::Eof | ChannelMsg::Close) | None => break None,
                    Some(_) => continue,
                };
                if heard.send(done).await.is_err() {
                    break Some(String::new());
                }
            }
            said = told.recv() => match said {
                Some(SurfaceCommand::Frame(bytes)) => {
                    // It waits for room at the other end: the next frame is drawn after that.
                    match tokio::time::timeout(TAKES, channel.data_bytes(bytes)).await {
                        Ok(Ok(())) => {}
                        _ => break None,
                    }
                    if heard.send(SurfaceEvent::Ready).await.is_err() {
                        break Some(String::new());
                    }
                }
                Some(SurfaceCommand::Suspend | SurfaceCommand::Edit(_) | SurfaceCommand::Upload(_)) => {}
                Some(SurfaceCommand::End(why)) => break Some(why),
                None => break (&mut carried).await.ok().flatten().or(Some(String::new())),
            },
        }
    };
    if let Some(why) = said {
        let why = if why.is_empty() { String::new() } else { format!("{why}\r\n") };
        let _ = tokio::time::timeout(TAKES, channel.data_bytes(format!("{LEAVE}{why}").into_bytes())).await;
        finish(&channel, 0).await;
    }
}

/// The words of a line as a shell would take them apart, without its program's own name; nothing is
/// expanded. None where a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
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
    fn a_line_is_taken_apart_like_a_shell_does_and_nothing_is_expanded() {
        let taken = |line: &str| words(line).expect("words");
        assert_eq!(taken("wadeck threads list --json"), ["threads", "list", "--json"]);
        assert_eq!(taken(r#"send --text "two words" '' a\ b"#), ["send", "--text", "two words", "", "a b"]);
        assert_eq!(taken("status $HOME `id` ; rm -rf /"), ["status", "$HOME", "`id`", ";", "rm", "-rf", "/"]);
        assert_eq!(words("send 'open"), None);
    }
}
