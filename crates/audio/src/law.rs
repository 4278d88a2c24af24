//! G.711: the two companding laws that every telephone speaks.

/// One of the two laws by which G.711 compands a sample to a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law: North America and Japan.
    Mu,
    /// A-law: the rest of the world.
    A,
}

impl Law {
    /// Appends one byte to `out` for each sample.
    pub fn encode(self, samples: &[i16], out: &mut Vec<u8>) {
        match self {
            Self::Mu => out.extend(samples.iter().map(|&sample| ulaw_encode(sample))),
            Self::A => out.extend(samples.iter().map(|&sample| alaw_encode(sample))),
        }
    }

    /// Appends one sample to `out` for each byte. Every byte is a valid sample.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<i16>) {
        let table = match self {
            Self::Mu => &ULAW_LINEAR,
            Self::A => &ALAW_LINEAR,
        };
        out.extend(
            bytes
                .iter()
                .map(|&byte| table.get(usize::from(byte)).copied().unwrap_or(0)),
        );
    }

    /// Turns bytes of this law into bytes of `to`, in place.
    ///
    /// The same as decoding and encoding again, except that the sign is kept even where the
    /// magnitude becomes 0. Everywhere within one step of tables 3 and 4 of G.711.
    pub fn transcode(self, to: Self, bytes: &mut [u8]) {
        let table = match (self, to) {
            (Self::Mu, Self::A) => &ULAW_ALAW,
            (Self::A, Self::Mu) => &ALAW_ULAW,
            (Self::Mu, Self::Mu) | (Self::A, Self::A) => return,
        };
        for byte in bytes {
            *byte = table.get(usize::from(*byte)).copied().unwrap_or(*byte);
        }
    }

    /// The byte that stands for silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }
}

/// A table of 256 entries, worked out by the compiler.
macro_rules! table {
    ($name:ident: $type:ty, $byte:ident => $value:expr) => {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated at compile time, where out of bounds does not compile"
        )]
        static $name: [$type; 256] = {
            let mut table = [0; 256];
            let mut place = 0;
            while place < 256 {
                let $byte = place as u8;
                table[place] = $value;
                place += 1;
            }
            table
        };
    };
}

table!(ULAW_LINEAR: i16, byte => ulaw_decode(byte));
table!(ALAW_LINEAR: i16, byte => alaw_decode(byte));
// Both laws carry the sign in the top bit, 1 for positive: the positive half is converted and
// mirrored, so that a negative zero stays negative.
table!(ULAW_ALAW: u8, byte => (alaw_encode(ulaw_decode(byte | 0x80)) & 0x7F) | (byte & 0x80));
table!(ALAW_ULAW: u8, byte => (ulaw_encode(alaw_decode(byte | 0x80)) & 0x7F) | (byte & 0x80));

/// Magnitude of a sample in one's complement, as G.191's reference code takes it: -1 is like 0.
const fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }) as u16
}

/// µ-law works on 14 bits with a bias of 33 (G.711, table 2).
const fn ulaw_encode(sample: i16) -> u8 {
    let mut biased = (magnitude(sample) >> 2) + 33;
    if biased > 0x1FFF {
        biased = 0x1FFF;
    }
    // The bias makes it at least 33, so the top bit is bit 5 to 12: segment 0 to 7.
    let segment = 10 - biased.leading_zeros() as u16;
    let step = (biased >> (segment + 1)) & 0x0F;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (segment << 4) as u8 | step as u8)
}

const fn ulaw_decode(byte: u8) -> i16 {
    let bits = !byte;
    let segment = ((bits >> 4) & 0x07) as i16;
    let step = (bits & 0x0F) as i16;
    // The middle of the step, in 16 bits, without the bias (33 << 2).
    let value = (((step << 3) + 132) << segment) - 132;
    if bits & 0x80 != 0 { -value } else { value }
}

/// A-law works on 13 bits (G.711, table 1); every second bit is inverted on the line.
const fn alaw_encode(sample: i16) -> u8 {
    let value = magnitude(sample) >> 4;
    let bits = if value > 15 {
        // Top bit 4 to 10: segment 1 to 7.
        let segment = 12 - value.leading_zeros() as u16;
        (segment << 4) | ((value >> (segment - 1)) & 0x0F)
    } else {
        value
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (bits as u8 | sign) ^ 0x55
}

const fn alaw_decode(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let segment = (bits >> 4) & 0x07;
    let step = ((bits & 0x0F) as i16) << 4;
    let value = if segment == 0 {
        step + 8
    } else {
        (step + 264) << (segment - 1)
    };
    if bits & 0x80 != 0 { value } else { -value }
}

#[cfg(test)]
mod tests;
