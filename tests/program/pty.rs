//! A program in a real pseudo-terminal, with its screen and its keyboard.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::world::{World, until};

pub struct Screen {
    pub master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    pub parser: Arc<Mutex<vt100::Parser>>,
    pub bytes: Arc<AtomicUsize>,
    /// All bytes that the program has written.
    pub written: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    pub fn open(columns: u16, rows: u16, command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(
            rows.try_into().expect("rows"),
            columns.try_into().expect("columns"),
            0,
        )));
        let bytes = Arc::new(AtomicUsize::new(0));
        let written = Arc::new(Mutex::new(vec![]));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        {
            let (parser, bytes, written) = (parser.clone(), bytes.clone(), written.clone());
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = reader.read(&mut buffer) {
                    bytes.fetch_add(count, Ordering::SeqCst);
                    written.lock().expect("whole").extend_from_slice(&buffer[..count]);
                    parser.lock().expect("whole").process(&buffer[..count]);
                }
            });
        }
        let keyboard = pair.master.take_writer().expect("a writer");
        Self { master: pair.master, keyboard, child, parser, bytes, written }
    }

    pub fn text(&self) -> String {
        self.parser.lock().expect("whole").screen().contents()
    }

    /// Waits until the screen contains these words.
    pub fn sees(&self, words: &str) {
        let began = Instant::now();
        while !self.text().contains(words) {
            assert!(began.elapsed() < crate::world::WAIT_LIMIT, "{words:?} never came:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses keys as a person does, who does not react at once to what the screen shows: letters that the console
    /// reads within 30 ms of earlier ones are text.
    pub fn press(&mut self, keys: &str) {
        let seen = Instant::now();
        until("a person reacts", || seen.elapsed() >= Duration::from_millis(80));
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
        self.keyboard.flush().expect("typed");
    }

    /// Waits until nothing has been written for one second.
    pub fn settles(&self) {
        let (mut seen, mut since) = (self.bytes.load(Ordering::SeqCst), Instant::now());
        until("the screen settles", || {
            let now = self.bytes.load(Ordering::SeqCst);
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            since.elapsed() >= Duration::from_secs(1)
        });
    }

    /// Waits until the program has left the alternate screen and shows the cursor. Its last output may be read after
    /// it has ended.
    pub fn restores_terminal(&self) {
        until("the screen and the cursor are given back", || {
            let parser = self.parser.lock().expect("whole");
            !parser.screen().alternate_screen() && !parser.screen().hide_cursor()
        });
    }

    /// Waits for the program to end. Returns `true` if it succeeded.
    pub fn ends(&mut self) -> bool {
        let mut status = None;
        until("the program ends", || {
            status = self.child.try_wait().expect("asked");
            status.is_some()
        });
        status.is_some_and(|status| status.success())
    }
}

/// Returns the command of a console with an engine of its own.
pub fn console(world: &World, simulator: &wadeck::simulator::Simulator) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wadeck"));
    command.cwd(world.directory.path());
    command.env("WADECK_DATA_DIR", world.data());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    for (name, value) in simulator.environment() {
        command.env(name, value);
    }
    command
}
