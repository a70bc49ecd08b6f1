//! Letting go of somebody who still sends. A connection that is closed with unread bytes in it is reset, and
//! whoever was sending never reads the answer; so their bytes are read and thrown away, within bounds.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// More than this is not read for the sake of an answer.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Nor for longer than this.
const MAX_TIME: Duration = Duration::from_secs(10);
/// Whoever sends nothing for so long has read the answer, or never will.
const MAX_SILENCE: Duration = Duration::from_secs(2);

/// Ends our side, and reads what the other still sends until they end theirs.
pub(super) async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut piece = vec![0; 16 * 1024];
        let mut bytes = 0;
        while let Ok(Ok(read)) = timeout(MAX_SILENCE, stream.read(&mut piece)).await {
            bytes += read;
            if read == 0 || bytes > MAX_BYTES {
                return;
            }
        }
    };
    let _ = timeout(MAX_TIME, drained).await;
}
