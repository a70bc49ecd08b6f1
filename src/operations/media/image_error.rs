//! Errors of image processing.

use crate::domain::error_text::error_text;

error_text! {
    /// Why an image cannot be read, padded or written.
    ImageError
}
