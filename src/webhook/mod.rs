//! Accepts the providers' HTTP requests and passes them on as they are. A request is answered with 200 only after the
//! delivery is stored. This module does not parse what it carries.

mod drain;
mod listener;
mod routes;
mod tracked_body;

pub use self::listener::{Limits, Listener};
pub use self::routes::routes;
