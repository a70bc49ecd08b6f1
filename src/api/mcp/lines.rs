//! Lines on standard input and output, between a client and the protocol's library. The library ignores a line that is
//! no JSON, so that a client waits for ever for an answer to what it sent broken; here it is told so.

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    DuplexStream, duplex,
};
use tokio::sync::mpsc;

/// How many bytes may wait between the client and the library.
const BUFFER: usize = 64 * 1024;
/// JSON-RPC 2.0: what is no JSON.
const PARSE_ERROR: i64 = -32_700;
/// JSON-RPC 2.0: what is JSON, and no request that is taken.
const INVALID_REQUEST: i64 = -32_600;

/// Carries lines both ways until the client closes its side. Returns the library's ends, and what has to run meanwhile
/// and ends once everything is written.
pub(super) fn carried(
    from: impl AsyncRead + Unpin + Send + 'static,
    to: impl AsyncWrite + Unpin + Send + 'static,
    max_line: usize,
) -> (DuplexStream, DuplexStream, impl Future<Output = ()>) {
    let (into_library, library_reads) = duplex(BUFFER);
    let (library_writes, out_of_library) = duplex(BUFFER);
    let (answers, lines) = mpsc::channel::<Vec<u8>>(16);
    let own = answers.clone();
    let carried = async move {
        let reading = checked(BufReader::new(from), into_library, own, max_line);
        let writing = forward(BufReader::new(out_of_library), answers);
        tokio::join!(reading, writing, written(lines, to));
    };
    (library_reads, library_writes, carried)
}

/// Hands on what can be read, and answers what cannot.
async fn checked(
    mut from: impl AsyncBufRead + Unpin,
    mut to: DuplexStream,
    answers: mpsc::Sender<Vec<u8>>,
    max_line: usize,
) {
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(max_line).unwrap_or(u64::MAX).saturating_add(1);
        match (&mut from).take(limit).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let refused = if line.len() > max_line && !line.ends_with(b"\n") {
            if skip_line(&mut from).await.is_err() {
                return;
            }
            let why = format!("Invalid request: a line has at most {max_line} bytes");
            Some(error(INVALID_REQUEST, &why))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            let fault = serde_json::from_slice::<IgnoredAny>(text).err();
            fault.map(|fault| error(PARSE_ERROR, &format!("Parse error: {fault}")))
        };
        let done = match refused {
            Some(answer) => answers.send(answer).await.is_ok(),
            None => to.write_all(&line).await.is_ok() && to.flush().await.is_ok(),
        };
        if !done {
            return;
        }
    }
}

/// Reads on to the end of a line that is too long, and keeps nothing of it.
async fn skip_line(from: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<()> {
    loop {
        let (used, over) = {
            let part = from.fill_buf().await?;
            match part.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (part.len(), part.is_empty()),
            }
        };
        from.consume(used);
        if over {
            return Ok(());
        }
    }
}

/// Hands on what the library writes, whole lines at a time.
async fn forward(mut from: impl AsyncBufRead + Unpin, answers: mpsc::Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        match from.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if answers.send(line).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

async fn written(mut lines: mpsc::Receiver<Vec<u8>>, mut to: impl AsyncWrite + Unpin) {
    while let Some(line) = lines.recv().await {
        if to.write_all(&line).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

/// An answer to what has no id that could be read.
fn error(code: i64, message: &str) -> Vec<u8> {
    let answer = json!({ "jsonrpc": "2.0", "id": Value::Null, "error": { "code": code, "message": message } });
    format!("{answer}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back for these lines, where the library answers each line with itself in capitals.
    async fn answers(lines: &'static [u8], max_line: usize) -> Vec<String> {
        let (mut client, out) = duplex(1024 * 1024);
        let (library_reads, mut library_writes, carried) = carried(lines, out, max_line);
        let library = async move {
            let mut from = BufReader::new(library_reads).lines();
            while let Ok(Some(line)) = from.next_line().await {
                let said = format!("{}\n", line.to_uppercase());
                library_writes.write_all(said.as_bytes()).await.expect("written");
            }
        };
        tokio::join!(carried, library);
        let mut all = String::new();
        client.read_to_string(&mut all).await.expect("read");
        all.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_line_that_is_no_json_is_answered_and_the_next_one_is_read() {
        let told = answers(b"{\"a\":1}\n\nnot json\n{\"b\":\n{\"c\":2}\n", 100).await;
        let errors: Vec<Value> = told.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let codes: Vec<i64> = errors.iter().filter_map(|one| one["error"]["code"].as_i64()).collect();
        assert_eq!(codes, [PARSE_ERROR, PARSE_ERROR], "{told:?}");
        assert!(errors.iter().all(|one| one["id"].is_null()), "{told:?}");
        for good in ["{\"A\":1}", "{\"C\":2}"] {
            assert!(told.contains(&good.to_owned()), "{told:?}");
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_refused_and_not_kept() {
        let told = answers(b"{\"a\":\"0123456789012345678901234567890123456789\"}\n{\"b\":1}\n", 20).await;
        assert!(told.iter().any(|line| line.contains("-32600")) && told.contains(&"{\"B\":1}".to_owned()), "{told:?}");
    }
}
