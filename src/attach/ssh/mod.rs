//! The SSH server: public-key authentication, where the key identifies the user. It offers a console and the verbs of
//! the command line, and nothing else.

mod client;
mod keys;
mod listener;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Consoles;
use crate::domain::access::actor::Actor;
use crate::operations::System;

pub use self::keys::{KnownKey, known_keys};
use self::listener::SshListener;

/// The output of a command, and its exit status.
#[derive(Debug, Default)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub status: u32,
    /// A file that is sent to standard output after `out`.
    pub file: Option<tokio::fs::File>,
}

/// The standard input of a command.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Runs a command line as a user, with their role.
pub type Verbs = Arc<dyn Fn(Vec<String>, Actor, Input) -> BoxFuture<'static, Ran> + Send + Sync>;

/// Returns the user of a key; `None` if the key is unknown.
pub type KeyOwner = Arc<dyn Fn(&russh::keys::PublicKey) -> Option<Actor> + Send + Sync>;

/// The settings of the SSH server.
pub struct SshSetup {
    pub listen: SocketAddr,
    /// The file of the host key, which is created at the first start.
    pub host_key: PathBuf,
    /// The seed of a new host key. It is an argument, so that this module needs no random generator.
    pub seed: [u8; 32],
    pub whose: KeyOwner,
    pub consoles: Consoles,
    pub verbs: Verbs,
    /// Accept clients that have no post-quantum key exchange.
    pub allow_classical_key_exchange: bool,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
}

impl std::fmt::Debug for SshSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshSetup").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Why the SSH server cannot start.
#[derive(Debug, Error)]
pub enum SshError {
    #[error("Cannot listen for SSH on {address}: {source}. Choose another address in [ssh] listen.")]
    Port { address: SocketAddr, source: std::io::Error },
    #[error("Cannot use the host key {path}: {why}. Remove it to have a new one created.", path = path.display())]
    HostKey { path: PathBuf, why: String },
}

/// Starts the server, which runs until `stop` is cancelled. Returns its address and the fingerprint of the host key.
pub async fn serve(
    system: System,
    setup: SshSetup,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<(SocketAddr, String), SshError> {
    let key = keys::host_key(&setup.host_key, setup.seed)?;
    let fingerprint = key.fingerprint(russh::keys::HashAlg::Sha256).to_string();
    let address = setup.listen;
    let listen_error = |source| SshError::Port { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    tasks.spawn(SshListener::new(system, setup, key, tasks.clone(), stop).run(listener));
    Ok((address, fingerprint))
}
