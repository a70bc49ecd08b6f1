//! The door: how many may stand in it, from one address and in all, and who has knocked wrongly too
//! often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use russh::{MethodKind, MethodSet, Preferred, SshId, kex, mac};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SshSetup;
use super::guest::Guest;
use crate::operations::System;

/// Whoever has not said who they are by then is let go.
const GRACE: Duration = Duration::from_secs(20);
/// So many wrong keys from an address within a minute, and it is not let in for that long.
const WRONG: usize = 12;
const MINUTE: Duration = Duration::from_secs(60);
/// So many lines from an address within a second: agreeing on keys costs more than asking for it.
const A_SECOND: usize = 8;
const SECOND: Duration = Duration::from_secs(1);
/// A line is asked for a sign of life this often, and given up after three without.
const ALIVE: Duration = Duration::from_secs(20);

/// What is known of an address.
#[derive(Debug, Default)]
struct Address {
    open: usize,
    wrong: Vec<Instant>,
    /// When somebody came in from there within the last second.
    came: Vec<Instant>,
}

/// Who stands in the door, by address.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<HashMap<IpAddr, Address>>);

impl Crowd {
    fn with<T>(&self, change: impl FnOnce(&mut HashMap<IpAddr, Address>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one more from there may come in; then they are counted until they go.
    fn comes(self: &Arc<Self>, from: IpAddr, most: usize, most_each: usize) -> Option<Inside> {
        let now = Instant::now();
        self.with(|all| {
            all.retain(|_, one| {
                one.wrong.retain(|at| now.duration_since(*at) < MINUTE);
                one.came.retain(|at| now.duration_since(*at) < SECOND);
                one.open > 0 || !one.wrong.is_empty() || !one.came.is_empty()
            });
            let full = all.values().map(|one| one.open).sum::<usize>() >= most;
            let one = all.entry(from).or_default();
            if full || one.open >= most_each || one.wrong.len() >= WRONG || one.came.len() >= A_SECOND {
                return None;
            }
            one.came.push(now);
            one.open += 1;
            Some(Inside { crowd: self.clone(), from })
        })
    }

    /// A key that nobody knows.
    pub fn wrong(&self, from: IpAddr) {
        self.with(|all| all.entry(from).or_default().wrong.push(Instant::now()));
    }
}

/// Somebody inside; gone when this is.
struct Inside {
    crowd: Arc<Crowd>,
    from: IpAddr,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.crowd.with(|all| {
            if let Some(one) = all.get_mut(&self.from) {
                one.open = one.open.saturating_sub(1);
            }
        });
    }
}

/// What a key exchange is made safe by, whatever it is.
const SAFETY: [kex::Name; 2] = [kex::EXTENSION_SUPPORT_AS_SERVER, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER];
/// Clients from before 2024 know only these.
const OLDER: [kex::Name; 2] = [kex::CURVE25519, kex::CURVE25519_PRE_RFC_8731];

/// Modern algorithms, and nothing that has to be excused.
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

pub(super) struct Door {
    system: System,
    setup: Arc<SshSetup>,
    config: Arc<russh::server::Config>,
    crowd: Arc<Crowd>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Door {
    pub fn new(system: System, setup: SshSetup, key: PrivateKey, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let mut exchanges = vec![kex::MLKEM768X25519_SHA256];
        exchanges.extend(OLDER.iter().filter(|_| setup.older_clients));
        exchanges.extend(SAFETY);
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
            keepalive_interval: Some(ALIVE),
            keepalive_max: 3,
            nodelay: true,
            ..russh::server::Config::default()
        };
        Self { system, setup: Arc::new(setup), config: Arc::new(config), crowd: Arc::default(), tasks, stop }
    }

    pub async fn run(self, listener: TcpListener) {
        loop {
            let (stream, address) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a line could not be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = self.stop.cancelled() => return,
            };
            let from = address.ip();
            let Some(inside) = self.crowd.comes(from, self.setup.most, self.setup.most_per_address) else {
                tracing::info!(%from, "somebody was not let in over SSH: too many, or too many wrong keys");
                continue;
            };
            let guest = Guest::new(
                self.system.clone(),
                self.setup.clone(),
                self.crowd.clone(),
                from,
                self.tasks.clone(),
                self.stop.clone(),
            );
            self.tasks.spawn(serve(self.config.clone(), stream, guest, inside, self.stop.clone()));
        }
    }
}

async fn serve(
    config: Arc<russh::server::Config>,
    stream: TcpStream,
    guest: Guest,
    inside: Inside,
    stop: CancellationToken,
) {
    let _inside = inside;
    let _ = stream.set_nodelay(true);
    let known = guest.known.clone();
    let Ok(Ok(session)) = timeout(GRACE, russh::server::run_stream(config, stream, guest)).await else { return };
    let grace = async {
        if timeout(GRACE, known.cancelled()).await.is_err() {
            return;
        }
        std::future::pending::<()>().await;
    };
    let ended = async {
        // Guests have a moment to hear that the engine ends.
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_millis(800)).await;
    };
    tokio::select! {
        over = session => {
            if let Err(error) = over {
                tracing::debug!(%error, "a line over SSH ended");
            }
        }
        () = grace => {}
        () = ended => {}
    }
}
