//! What is wrong with an image.

use crate::domain::error_text::error_text;

error_text! {
    /// Why an image cannot be read, padded or written.
    ImageError
}
