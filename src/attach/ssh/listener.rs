//! Accepts SSH connections, limited in number, per address and in total.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use russh::{MethodKind, MethodSet, Preferred, SshId, kex, mac};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SshSetup;
use super::client::ConsoleClient;
use crate::operations::System;

/// Maximum time until a client is authenticated.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(20);
/// Unknown keys from one address within a minute after which a warning is logged. The address is not blocked: others
/// may use it too, and a key cannot be guessed.
const UNKNOWN_KEYS_WARNING: usize = 12;
const MINUTE: Duration = Duration::from_secs(60);
/// Connections from one address per second: a key exchange costs the server more than the client.
const MAX_CONNECTIONS_PER_SECOND: usize = 8;
const SECOND: Duration = Duration::from_secs(1);
/// Interval of keep-alive requests; a connection is closed after three unanswered ones.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// At the limit, an unauthenticated connection of this age is closed for a new one; one that offered an unknown key
/// is closed at any age.
const EVICTION_AGE: Duration = Duration::from_secs(2);

/// An open connection.
#[derive(Debug)]
struct Connection {
    number: u64,
    since: Instant,
    /// Cancelled when the client is authenticated.
    authenticated: CancellationToken,
    /// Cancelled to close the connection.
    end: CancellationToken,
    offered_unknown_key: bool,
}

/// The connections and recent events of an IP address.
#[derive(Debug, Default)]
struct Address {
    open: Vec<Connection>,
    unknown_keys_at: Vec<Instant>,
    /// When connections were accepted within the last second.
    accepted_at: Vec<Instant>,
}

impl Address {
    /// Returns the connection to close first, if any may be closed: those that offered an unknown key first, then by
    /// age. `None` if none may be closed.
    fn next_to_evict(&self, now: Instant) -> Option<(bool, Instant, u64)> {
        let is_evictable = |line: &&Connection| {
            !line.authenticated.is_cancelled() && (line.offered_unknown_key || now - line.since >= EVICTION_AGE)
        };
        self.open.iter().filter(is_evictable).map(|line| (!line.offered_unknown_key, line.since, line.number)).min()
    }

    fn end(&mut self, number: u64) {
        if let Some(at) = self.open.iter().position(|line| line.number == number) {
            self.open.swap_remove(at).end.cancel();
        }
    }
}

/// Counts connections by address and enforces the limits.
#[derive(Debug, Default)]
pub(super) struct ConnectionLimits {
    addresses: Mutex<HashMap<IpAddr, Address>>,
    numbers: AtomicU64,
}

impl ConnectionLimits {
    fn with_addresses<T>(&self, change: impl FnOnce(&mut HashMap<IpAddr, Address>) -> T) -> T {
        change(&mut self.addresses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Admits a connection, which is counted until the returned value is dropped. `None` if a limit is reached and no
    /// unauthenticated connection can be closed for it; authenticated ones are never closed.
    fn admit(self: &Arc<Self>, from: IpAddr, max_total: usize, max_per_address: usize) -> Option<Admitted> {
        let now = Instant::now();
        self.with_addresses(|addresses| {
            addresses.retain(|_, one| {
                one.unknown_keys_at.retain(|at| now.duration_since(*at) < MINUTE);
                one.accepted_at.retain(|at| now.duration_since(*at) < SECOND);
                !one.open.is_empty() || !one.unknown_keys_at.is_empty() || !one.accepted_at.is_empty()
            });
            let one = addresses.entry(from).or_default();
            if one.accepted_at.len() >= MAX_CONNECTIONS_PER_SECOND {
                return None;
            }
            if one.open.len() >= max_per_address {
                let (.., number) = one.next_to_evict(now)?;
                one.end(number);
            }
            if addresses.values().map(|one| one.open.len()).sum::<usize>() >= max_total {
                let next_to_evict = addresses.iter().filter_map(|(of, one)| Some((one.next_to_evict(now)?, *of)));
                let ((.., number), of) = next_to_evict.min()?;
                addresses.entry(of).or_default().end(number);
            }
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let (authenticated, end) = (CancellationToken::new(), CancellationToken::new());
            let line = Connection {
                number,
                since: now,
                authenticated: authenticated.clone(),
                end: end.clone(),
                offered_unknown_key: false,
            };
            let one = addresses.entry(from).or_default();
            one.accepted_at.push(now);
            one.open.push(line);
            Some(Admitted { limits: self.clone(), from, number, authenticated, end })
        })
    }

    /// Records that a connection offered an unknown key.
    pub fn record_unknown_key(&self, from: IpAddr, line: u64) {
        let now = Instant::now();
        let is_warning_due = self.with_addresses(|addresses| {
            let one = addresses.entry(from).or_default();
            if let Some(line) = one.open.iter_mut().find(|one| one.number == line) {
                line.offered_unknown_key = true;
            }
            one.unknown_keys_at.retain(|at| now.duration_since(*at) < MINUTE);
            // Counted up to the warning, which is logged at most once per minute.
            if one.unknown_keys_at.len() < UNKNOWN_KEYS_WARNING {
                one.unknown_keys_at.push(now);
                return one.unknown_keys_at.len() == UNKNOWN_KEYS_WARNING;
            }
            false
        });
        if is_warning_due {
            tracing::warn!(%from, keys = UNKNOWN_KEYS_WARNING, "Many unknown SSH keys within a minute");
        }
    }
}

/// An admitted connection; dropping it frees its place.
struct Admitted {
    limits: Arc<ConnectionLimits>,
    from: IpAddr,
    number: u64,
    authenticated: CancellationToken,
    end: CancellationToken,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.limits.with_addresses(|addresses| {
            if let Some(one) = addresses.get_mut(&self.from) {
                one.end(self.number);
            }
        });
    }
}

/// Extensions that protect every key exchange.
const KEX_EXTENSIONS: [kex::Name; 2] = [kex::EXTENSION_SUPPORT_AS_SERVER, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER];
/// Key exchanges of clients from before 2024.
const CLASSICAL_KEY_EXCHANGES: [kex::Name; 2] = [kex::CURVE25519, kex::CURVE25519_PRE_RFC_8731];

/// The accepted algorithms: modern ones only.
const PREFERRED: Preferred = Preferred {
    key: std::borrow::Cow::Borrowed(&[
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    ]),
    mac: std::borrow::Cow::Borrowed(&[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM]),
    ..Preferred::DEFAULT
};

/// The SSH server.
pub(super) struct SshListener {
    system: System,
    setup: Arc<SshSetup>,
    config: Arc<russh::server::Config>,
    limits: Arc<ConnectionLimits>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl SshListener {
    pub fn new(system: System, setup: SshSetup, key: PrivateKey, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let mut exchanges = vec![kex::MLKEM768X25519_SHA256];
        exchanges.extend(CLASSICAL_KEY_EXCHANGES.iter().filter(|_| setup.allow_classical_key_exchange));
        exchanges.extend(KEX_EXTENSIONS);
        let config = russh::server::Config {
            server_id: SshId::Standard("SSH-2.0-wadeck".into()),
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: Duration::from_secs(1),
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![key],
            window_size: 256 * 1024,
            preferred: Preferred { kex: exchanges.into(), ..PREFERRED },
            max_auth_attempts: 6,
            inactivity_timeout: None,
            keepalive_interval: Some(KEEPALIVE_INTERVAL),
            keepalive_max: 3,
            nodelay: true,
            ..russh::server::Config::default()
        };
        Self { system, setup: Arc::new(setup), config: Arc::new(config), limits: Arc::default(), tasks, stop }
    }

    /// Accepts connections until the server is stopped.
    pub async fn run(self, listener: TcpListener) {
        loop {
            let (stream, address) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "Cannot accept an SSH connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = self.stop.cancelled() => return,
            };
            let from = address.ip();
            let Some(admitted) =
                self.limits.admit(from, self.setup.max_connections, self.setup.max_connections_per_address)
            else {
                tracing::info!(%from, "SSH connection rejected: too many at a time");
                continue;
            };
            let client = ConsoleClient::new(
                self.system.clone(),
                self.setup.clone(),
                self.limits.clone(),
                (from, admitted.number, admitted.authenticated.clone()),
                self.tasks.clone(),
                self.stop.clone(),
            );
            self.tasks.spawn(serve(self.config.clone(), stream, client, admitted, self.stop.clone()));
        }
    }
}

/// Serves one connection until it ends, is evicted, misses the authentication timeout, or the engine stops.
async fn serve(
    config: Arc<russh::server::Config>,
    stream: TcpStream,
    client: ConsoleClient,
    admitted: Admitted,
    stop: CancellationToken,
) {
    let evicted = admitted.end.clone();
    let _admitted = admitted;
    let _ = stream.set_nodelay(true);
    let authenticated = client.authenticated.clone();
    let handshake = tokio::select! {
        handshake = timeout(AUTHENTICATION_TIMEOUT, russh::server::run_stream(config, stream, client)) => handshake,
        () = evicted.cancelled() => return,
    };
    let Ok(Ok(session)) = handshake else { return };
    let authentication_timeout = async {
        if timeout(AUTHENTICATION_TIMEOUT, authenticated.cancelled()).await.is_err() {
            return;
        }
        std::future::pending::<()>().await;
    };
    let shutdown = async {
        // Clients get 800 ms to receive the message that the engine stops.
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_millis(800)).await;
    };
    tokio::select! {
        result = session => {
            if let Err(error) = result {
                tracing::debug!(%error, "SSH connection closed");
            }
        }
        () = authentication_timeout => {}
        () = evicted.cancelled() => {}
        () = shutdown => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_with_unknown_keys_is_closed_for_a_new_one() {
        let limits = Arc::new(ConnectionLimits::default());
        let here: IpAddr = [192, 0, 2, 7].into();
        let known = limits.admit(here, 4, 2).expect("room");
        known.authenticated.cancel();
        let guesses = limits.admit(here, 4, 2).expect("room");
        assert!(limits.admit(here, 4, 2).is_none(), "one is known, one is new: nobody goes for a third");
        limits.record_unknown_key(here, guesses.number);
        let next = limits.admit(here, 4, 2).expect("whoever guessed has gone");
        assert!(guesses.end.is_cancelled() && !known.end.is_cancelled() && !next.end.is_cancelled());
        drop(guesses);
        assert!(limits.admit(here, 4, 2).is_none(), "who went is not counted twice");
        // The total limit works the same way.
        let there: IpAddr = [192, 0, 2, 8].into();
        let others = [limits.admit(there, 4, 4).expect("room"), limits.admit(there, 4, 4).expect("room")];
        assert!(limits.admit(there, 4, 4).is_none());
        limits.record_unknown_key(here, next.number);
        let last = limits.admit(there, 4, 4).expect("room is made");
        assert!(next.end.is_cancelled() && others.iter().all(|one| !one.end.is_cancelled()));
        drop(last);
    }
}
