//! Consoles over SSH: public keys only, the key is the user, and nothing is offered but a console and
//! the verbs of the command line.

mod client;
mod door;
mod keys;

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

use self::door::Door;
pub use self::keys::{KnownKey, known_keys};

/// What a command said, and how it ended.
#[derive(Debug, Default)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub status: u32,
    /// A file that is sent to standard output.
    pub file: Option<tokio::fs::File>,
}

/// What is piped into a command.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Runs a line of the command line for somebody, with their role.
pub type Verbs = Arc<dyn Fn(Vec<String>, Actor, Input) -> BoxFuture<'static, Ran> + Send + Sync>;

/// Who a key is.
pub type WhoseKey = Arc<dyn Fn(&russh::keys::PublicKey) -> Option<Actor> + Send + Sync>;

/// What the server needs.
pub struct SshSetup {
    pub listen: SocketAddr,
    /// Made at the first start, and kept.
    pub host_key: PathBuf,
    /// Where a new host key comes from: chance is an argument here, too.
    pub seed: [u8; 32],
    pub whose: WhoseKey,
    pub consoles: Consoles,
    pub verbs: Verbs,
    /// Whether those are let in who cannot agree on keys as is asked for today.
    pub allow_classical_key_exchange: bool,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
}

impl std::fmt::Debug for SshSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshSetup").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Why there is no SSH.
#[derive(Debug, Error)]
pub enum SshError {
    #[error("Cannot listen for SSH on {address}: {source}. Choose another address in [ssh] listen.")]
    Port { address: SocketAddr, source: std::io::Error },
    #[error("Cannot use the host key {path}: {why}. Remove it to have a new one created.", path = path.display())]
    HostKey { path: PathBuf, why: String },
}

/// Listens until `stop` is cancelled. Says where, and the fingerprint of the host key.
pub async fn serve(
    system: System,
    setup: SshSetup,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<(SocketAddr, String), SshError> {
    let key = keys::host_key(&setup.host_key, setup.seed)?;
    let fingerprint = key.fingerprint(russh::keys::HashAlg::Sha256).to_string();
    let address = setup.listen;
    let port = |source| SshError::Port { address, source };
    let listener = TcpListener::bind(address).await.map_err(port)?;
    let address = listener.local_addr().map_err(port)?;
    tasks.spawn(Door::new(system, setup, key, tasks.clone(), stop).run(listener));
    Ok((address, fingerprint))
}
