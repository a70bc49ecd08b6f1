//! Keys that identify things uniquely: half a SHA-256, short enough for an index and long enough to avoid collisions.

use sha2::{Digest, Sha256};

use crate::domain::ids::ConnectionId;

/// Returns half a SHA-256 over the parts, each with its length, so that no two lists of parts collide.
pub fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

/// Returns the unique key of a message: connection and provider message id.
pub fn message_key(connection: ConnectionId, provider_message_id: &str) -> [u8; 16] {
    digest(&[&connection.0.to_le_bytes(), provider_message_id.as_bytes()])
}
