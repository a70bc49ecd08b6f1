//! Sixel graphics (DEC STD 070, chapter 9): bands of six rows, one pass for each color of a band.

use std::fmt::Write as _;

use crate::domain::message::picture::Raster;

/// Levels of each primary color: a palette of 6 × 6 × 6 colors.
const STEPS: usize = 6;
const COLOURS: usize = STEPS * STEPS * STEPS;
/// Thresholds of ordered dithering, in 64ths; they keep the tone of even areas with few colors.
const DITHER: [[i32; 4]; 4] = [[0, 32, 8, 40], [48, 16, 56, 24], [12, 44, 4, 36], [60, 28, 52, 20]];

/// Returns the sequence that draws a raster at the cursor.
pub(in crate::console) fn encode(raster: &Raster) -> String {
    let (width, height) = (raster.width as usize, raster.height as usize);
    let indexed = indexed(raster, width);
    let mut out = format!("\x1bP0;1q\"1;1;{width};{height}");
    for colour in 0..COLOURS {
        let level = |step: usize| step * 100 / (STEPS - 1);
        let (red, green, blue) = (colour / (STEPS * STEPS), colour / STEPS % STEPS, colour % STEPS);
        let _ = write!(out, "#{colour};2;{};{};{}", level(red), level(green), level(blue));
    }
    for band in indexed.chunks(width * 6) {
        let mut used = [false; COLOURS];
        for colour in band {
            used[usize::from(*colour)] = true;
        }
        for colour in (0..COLOURS).filter(|colour| used[*colour]) {
            let _ = write!(out, "#{colour}");
            pass(&mut out, band, width, colour);
            out.push('$');
        }
        out.push('-');
    }
    out.push_str("\x1b\\");
    out
}

/// Appends one color of a band: a character for each column, whose bits are the rows. Runs are compressed.
fn pass(out: &mut String, band: &[u8], width: usize, colour: usize) {
    let bits = |column: usize| {
        let rows = band.chunks(width).enumerate();
        rows.fold(0_u8, |bits, (row, line)| bits | (u8::from(usize::from(line[column]) == colour) << row))
    };
    let mut column = 0;
    while column < width {
        let wanted = bits(column);
        let end = (column + 1..width).find(|next| bits(*next) != wanted).unwrap_or(width);
        // The rest of the row has no pixel of this color.
        if end == width && wanted == 0 {
            return;
        }
        let symbol = char::from(b'?' + wanted);
        match end - column {
            count @ 0..4 => out.extend(std::iter::repeat_n(symbol, count)),
            count => {
                let _ = write!(out, "!{count}{symbol}");
            }
        }
        column = end;
    }
}

/// Returns the palette index of each pixel.
fn indexed(raster: &Raster, width: usize) -> Vec<u8> {
    let pixels = raster.rgb.chunks_exact(3).enumerate();
    pixels
        .map(|(at, pixel)| {
            let threshold = DITHER[at / width % 4][at % width % 4];
            let step = |value: u8| (i32::from(value) * (STEPS as i32 - 1) * 64 + threshold * 255) / (255 * 64);
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(step);
            (red * 36 + green * 6 + blue) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a sequence of this encoder into palette indexes.
    fn decoded(sequence: &str, width: usize, height: usize) -> Vec<Option<usize>> {
        let body = sequence.split_once('q').expect("a start").1.strip_suffix("\x1b\\").expect("an end");
        let body = body.split_once(&format!("#{};2;100;100;100", COLOURS - 1)).expect("a palette").1;
        let mut pixels = vec![None; width * height];
        for (band, text) in body.split('-').enumerate() {
            for pass in text.split('$').filter(|pass| !pass.is_empty()) {
                let digits = pass[1..].find(|letter: char| !letter.is_ascii_digit()).expect("data") + 1;
                let colour: usize = pass[1..digits].parse().expect("a colour");
                let (mut column, mut count) = (0, String::new());
                for letter in pass[digits..].chars() {
                    match letter {
                        '!' => count = String::new(),
                        digit if digit.is_ascii_digit() => count.push(digit),
                        symbol => {
                            for _ in 0..count.parse::<usize>().unwrap_or(1) {
                                for row in (0..6).filter(|row| (symbol as u8 - b'?') >> row & 1 == 1) {
                                    pixels[(band * 6 + row) * width + column] = Some(colour);
                                }
                                column += 1;
                            }
                            count.clear();
                        }
                    }
                }
            }
        }
        pixels
    }

    #[test]
    fn every_pixel_is_drawn_once_in_its_colour() {
        let (width, height) = (23_u32, 13_u32);
        let rgb = (0..width * height).flat_map(|at| [(at * 7) as u8, (at * 13) as u8, (at % 3 * 120) as u8]).collect();
        let raster = Raster { width, height, rgb };
        let wanted: Vec<_> = indexed(&raster, 23).into_iter().map(|colour| Some(usize::from(colour))).collect();
        assert_eq!(decoded(&encode(&raster), 23, 13), wanted);
    }

    #[test]
    fn black_stays_black_and_white_white() {
        let raster = Raster { width: 2, height: 1, rgb: vec![0, 0, 0, 255, 255, 255] };
        assert_eq!(indexed(&raster, 2), [0, 215]);
    }
}
