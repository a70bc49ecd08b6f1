//! Builds all components, starts and stops them. The only module that knows all the others.

mod demo;
mod engine;
mod error;
mod lock;
mod log_limit;
mod logging;
mod people;
mod private;
mod simulator;
mod system_clock;

pub use self::demo::Demo;
pub use self::engine::{Engine, EngineSetup, INBOX_CAPACITY, build_system, declared_connections, has_database};
pub use self::error::AppError;
pub use self::lock::{Lock, is_engine_running};
pub use self::logging::Logs;
pub use self::people::{People, current_actor};
pub use self::private::set_private_umask;
pub use self::simulator::{SimulatorSetup, run_simulator};
pub use self::system_clock::{SystemChance, SystemClock, random_seed, zone_offset};
