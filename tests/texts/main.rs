//! What people read: the help of the command line, and every other text, printed into one file for reading.

mod help;
mod printed;
mod source;
