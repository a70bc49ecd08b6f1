//! Draws the pictures and stickers that people send in the demo, into `src/simulator/pictures`.
//! `cargo run --example demo_pictures`

use image::{Rgb, RgbImage};

fn main() -> anyhow::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simulator/pictures");
    std::fs::create_dir_all(&folder)?;
    for seed in 0..4 {
        drawn(seed, 240).save(folder.join(format!("tooth-{seed}.png")))?;
        drawn(seed, 512).save(folder.join(format!("tooth-{seed}.webp")))?;
    }
    Ok(())
}

/// A tooth on a coloured ground, so that there is something to see.
fn drawn(seed: u32, side: u32) -> RgbImage {
    let ground = [[236, 242, 248], [250, 240, 226], [232, 246, 236], [246, 234, 244]][(seed % 4) as usize];
    RgbImage::from_fn(side, side, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(side) - 0.5, f64::from(y) / f64::from(side) - 0.5);
        let crown = (x / 0.30).powi(2) + ((y + 0.08) / 0.28).powi(2) < 1.0;
        let root = (0.0..0.40).contains(&y) && ((x.abs() - 0.15) / (0.13 - y * 0.2)).abs() < 1.0;
        let pain = (x - 0.10).powi(2) + (y + 0.10).powi(2) < 0.006;
        if pain {
            Rgb([208, 52, 44])
        } else if crown || root {
            Rgb([255, 255, 252])
        } else {
            Rgb(ground)
        }
    })
}
