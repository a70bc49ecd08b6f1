//! The door: how many may stand in it, from one address and in all.

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

/// Whoever has not said who they are by then is let go.
const GRACE: Duration = Duration::from_secs(20);
/// So many wrong keys from an address within a minute are worth a word in the log. Nobody is kept out for
/// them: others come from the same address, and a key cannot be guessed.
const WRONG: usize = 12;
const MINUTE: Duration = Duration::from_secs(60);
/// So many lines from an address within a second: agreeing on keys costs more than asking for it.
const A_SECOND: usize = 8;
const SECOND: Duration = Duration::from_secs(1);
/// A line is asked for a sign of life this often, and given up after three without.
const ALIVE: Duration = Duration::from_secs(20);

/// Where there is no room, whoever has not said who they are for so long makes some; so does at once whoever
/// offered a key that nobody knows.
const UNKNOWN: Duration = Duration::from_secs(2);

/// One line that stands.
#[derive(Debug)]
struct Transport {
    number: u64,
    since: Instant,
    /// Cancelled once it is known who they are.
    known: CancellationToken,
    /// Cancelled to end it.
    end: CancellationToken,
    wrong: bool,
}

/// What is known of an address.
#[derive(Debug, Default)]
struct Address {
    open: Vec<Transport>,
    wrong: Vec<Instant>,
    /// When somebody came in from there within the last second.
    came: Vec<Instant>,
}

impl Address {
    /// The line that gives way first, if any does.
    fn weakest(&self, now: Instant) -> Option<(bool, Instant, u64)> {
        let gives_way = |line: &&Transport| !line.known.is_cancelled() && (line.wrong || now - line.since >= UNKNOWN);
        self.open.iter().filter(gives_way).map(|line| (!line.wrong, line.since, line.number)).min()
    }

    fn end(&mut self, number: u64) {
        if let Some(at) = self.open.iter().position(|line| line.number == number) {
            self.open.swap_remove(at).end.cancel();
        }
    }
}

/// Who stands in the door, by address.
#[derive(Debug, Default)]
pub(super) struct ConnectionLimits {
    all: Mutex<HashMap<IpAddr, Address>>,
    numbers: AtomicU64,
}

impl ConnectionLimits {
    fn with<T>(&self, change: impl FnOnce(&mut HashMap<IpAddr, Address>) -> T) -> T {
        change(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one more from there may come in; then they are counted until they go. Whoever is known never has to
    /// go for it.
    fn comes(self: &Arc<Self>, from: IpAddr, most: usize, most_each: usize) -> Option<Inside> {
        let now = Instant::now();
        self.with(|all| {
            all.retain(|_, one| {
                one.wrong.retain(|at| now.duration_since(*at) < MINUTE);
                one.came.retain(|at| now.duration_since(*at) < SECOND);
                !one.open.is_empty() || !one.wrong.is_empty() || !one.came.is_empty()
            });
            let one = all.entry(from).or_default();
            if one.came.len() >= A_SECOND {
                return None;
            }
            if one.open.len() >= most_each {
                let (.., number) = one.weakest(now)?;
                one.end(number);
            }
            if all.values().map(|one| one.open.len()).sum::<usize>() >= most {
                let weakest = all.iter().filter_map(|(of, one)| Some((one.weakest(now)?, *of)));
                let ((.., number), of) = weakest.min()?;
                all.entry(of).or_default().end(number);
            }
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let (known, end) = (CancellationToken::new(), CancellationToken::new());
            let line = Transport { number, since: now, known: known.clone(), end: end.clone(), wrong: false };
            let one = all.entry(from).or_default();
            one.came.push(now);
            one.open.push(line);
            Some(Inside { crowd: self.clone(), from, number, known, end })
        })
    }

    /// A key that nobody knows, on a line.
    pub fn wrong(&self, from: IpAddr, line: u64) {
        let now = Instant::now();
        let many = self.with(|all| {
            let one = all.entry(from).or_default();
            if let Some(line) = one.open.iter_mut().find(|known| known.number == line) {
                line.wrong = true;
            }
            one.wrong.retain(|at| now.duration_since(*at) < MINUTE);
            // Counted as far as it is told: at most once a minute.
            if one.wrong.len() < WRONG {
                one.wrong.push(now);
                return one.wrong.len() == WRONG;
            }
            false
        });
        if many {
            tracing::warn!(%from, keys = WRONG, "Many unknown SSH keys within a minute");
        }
    }
}

/// Somebody inside; gone when this is.
struct Inside {
    crowd: Arc<ConnectionLimits>,
    from: IpAddr,
    number: u64,
    known: CancellationToken,
    end: CancellationToken,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.crowd.with(|all| {
            if let Some(one) = all.get_mut(&self.from) {
                one.end(self.number);
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
    crowd: Arc<ConnectionLimits>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Door {
    pub fn new(system: System, setup: SshSetup, key: PrivateKey, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let mut exchanges = vec![kex::MLKEM768X25519_SHA256];
        exchanges.extend(OLDER.iter().filter(|_| setup.allow_classical_key_exchange));
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
                        tracing::warn!(%error, "Cannot accept an SSH connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = self.stop.cancelled() => return,
            };
            let from = address.ip();
            let Some(inside) =
                self.crowd.comes(from, self.setup.max_connections, self.setup.max_connections_per_address)
            else {
                tracing::info!(%from, "SSH connection rejected: too many at a time");
                continue;
            };
            let client = ConsoleClient::new(
                self.system.clone(),
                self.setup.clone(),
                self.crowd.clone(),
                (from, inside.number, inside.known.clone()),
                self.tasks.clone(),
                self.stop.clone(),
            );
            self.tasks.spawn(serve(self.config.clone(), stream, client, inside, self.stop.clone()));
        }
    }
}

async fn serve(
    config: Arc<russh::server::Config>,
    stream: TcpStream,
    client: ConsoleClient,
    inside: Inside,
    stop: CancellationToken,
) {
    let ends = inside.end.clone();
    let _inside = inside;
    let _ = stream.set_nodelay(true);
    let known = client.known.clone();
    let begun = tokio::select! {
        begun = timeout(GRACE, russh::server::run_stream(config, stream, client)) => begun,
        () = ends.cancelled() => return,
    };
    let Ok(Ok(session)) = begun else { return };
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
                tracing::debug!(%error, "SSH connection closed");
            }
        }
        () = grace => {}
        () = ends.cancelled() => {}
        () = ended => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_offers_wrong_keys_gives_way_to_the_next() {
        let crowd = Arc::new(ConnectionLimits::default());
        let here: IpAddr = [192, 0, 2, 7].into();
        let known = crowd.comes(here, 4, 2).expect("room");
        known.known.cancel();
        let guesses = crowd.comes(here, 4, 2).expect("room");
        assert!(crowd.comes(here, 4, 2).is_none(), "one is known, one is new: nobody goes for a third");
        crowd.wrong(here, guesses.number);
        let next = crowd.comes(here, 4, 2).expect("whoever guessed has gone");
        assert!(guesses.end.is_cancelled() && !known.end.is_cancelled() && !next.end.is_cancelled());
        drop(guesses);
        assert!(crowd.comes(here, 4, 2).is_none(), "who went is not counted twice");
        // In all, too.
        let there: IpAddr = [192, 0, 2, 8].into();
        let others = [crowd.comes(there, 4, 4).expect("room"), crowd.comes(there, 4, 4).expect("room")];
        assert!(crowd.comes(there, 4, 4).is_none());
        crowd.wrong(here, next.number);
        let last = crowd.comes(there, 4, 4).expect("room is made");
        assert!(next.end.is_cancelled() && others.iter().all(|one| !one.end.is_cancelled()));
        drop(last);
    }
}
