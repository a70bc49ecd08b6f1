//! Accepts providers' HTTP and hands over the raw request. It answers 200 only after the delivery
//! is on the disk, and never understands what it carries.

mod door;
mod linger;
mod routes;
mod watched;

pub use self::door::{Door, Limits};
pub use self::routes::routes;
