//! Protobuf's wire format, field by field.
//!
//! Owns varints, lengths and groups, with the rules of the official decoders. Refuses to know a message.

use std::fmt;
use std::ops::Range;

/// Deepest groups that are stepped over; the official decoders give up there too.
const MAX_GROUPS: usize = 100;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corrupt {
    /// In words; of a field with a wrong type its name.
    pub(super) cause: &'static str,
    /// Whether a field has another type than in OTLP.
    pub(super) is_wrong_type: bool,
    /// The byte at which it was seen, from the begin of the body.
    pub(super) at: usize,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_wrong_type { " is of another type than in OTLP" } else { "" };
        write!(f, "{}{verdict}, at byte {}", self.cause, self.at)
    }
}

/// The fields of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'b> {
    bytes: &'b [u8],
    /// The next byte in `bytes`.
    next: usize,
    /// Where `bytes` begins in the body.
    offset: usize,
}

/// What a field holds, and where in the body it ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'b> {
    /// A varint, 32 bits, or a group: nothing that is counted.
    Other { end: usize },
    /// 64 bits.
    Fixed64 { bits: u64, end: usize },
    /// A length and as many bytes.
    Bytes(Fields<'b>),
}

impl<'b> Value<'b> {
    /// As a message in turn, or as the place of a string.
    #[inline]
    pub(super) fn message(self, what: &'static str) -> Result<Fields<'b>, Corrupt> {
        match self {
            Self::Bytes(fields) => Ok(fields),
            Self::Other { end } | Self::Fixed64 { end, .. } => Err(wrong_type(what, end)),
        }
    }

    /// As bytes.
    #[inline]
    pub(super) fn bytes(self, what: &'static str) -> Result<&'b [u8], Corrupt> {
        Ok(self.message(what)?.bytes)
    }

    /// As 64 bits.
    #[inline]
    pub(super) fn fixed64(self, what: &'static str) -> Result<u64, Corrupt> {
        match self {
            Self::Fixed64 { bits, .. } => Ok(bits),
            Self::Other { end } => Err(wrong_type(what, end)),
            Self::Bytes(fields) => Err(wrong_type(what, fields.place())),
        }
    }
}

#[cold]
fn wrong_type(what: &'static str, at: usize) -> Corrupt {
    Corrupt { cause: what, is_wrong_type: true, at }
}

impl<'b> Fields<'b> {
    /// The fields of the message in `bytes`, which begin at `offset` in the body.
    pub(super) const fn new(bytes: &'b [u8], offset: usize) -> Self {
        Self { bytes, next: 0, offset }
    }

    /// The next byte, from the begin of the body.
    pub(super) const fn place(&self) -> usize {
        self.offset + self.next
    }

    /// All its bytes, as a range of the body.
    pub(super) const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.bytes.len()
    }

    /// The next field, or nothing at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'b>)>, Corrupt> {
        if self.next == self.bytes.len() {
            return Ok(None);
        }
        let (field, kind) = self.key()?;
        self.value(field, kind, 0).map(|value| Some((field, value)))
    }

    #[inline]
    fn key(&mut self) -> Result<(u32, u8), Corrupt> {
        let key = self.varint()?;
        let Ok(key) = u32::try_from(key) else { return Err(self.corrupt("a field's number is too large")) };
        if key >> 3 == 0 {
            return Err(self.corrupt("a field has number 0"));
        }
        Ok((key >> 3, (key & 7) as u8))
    }

    #[inline]
    fn value(&mut self, field: u32, kind: u8, depth: usize) -> Result<Value<'b>, Corrupt> {
        match kind {
            0 => {
                self.varint()?;
            }
            1 => {
                let bytes = self.take(8)?;
                let bits = u64::from_le_bytes(bytes.try_into().expect("invariant: eight bytes were taken"));
                return Ok(Value::Fixed64 { bits, end: self.place() });
            }
            2 => {
                let length = self.varint()?;
                let offset = self.place();
                return Ok(Value::Bytes(Self::new(self.take(length)?, offset)));
            }
            3 => self.group(field, depth)?,
            4 => return Err(self.corrupt("a group ends that did not begin")),
            5 => {
                self.take(4)?;
            }
            _ => return Err(self.corrupt("a field has a type that does not exist")),
        }
        Ok(Value::Other { end: self.place() })
    }

    /// Steps over a group, an old form that no field of OTLP has.
    #[cold]
    fn group(&mut self, number: u32, depth: usize) -> Result<(), Corrupt> {
        if depth == MAX_GROUPS {
            return Err(self.corrupt("groups are nested too deep"));
        }
        loop {
            let (field, kind) = self.key()?;
            if kind == 4 {
                return if field == number { Ok(()) } else { Err(self.corrupt("a group ends as another")) };
            }
            self.value(field, kind, depth + 1)?;
        }
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'b [u8], Corrupt> {
        let left = self.bytes.len() - self.next;
        if length > left as u64 {
            return Err(self.corrupt("cut off, or longer than what it lies in"));
        }
        let begin = self.next;
        self.next += length as usize;
        Ok(&self.bytes[begin..self.next])
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Corrupt> {
        match self.bytes.get(self.next) {
            Some(&byte) if byte < 0x80 => {
                self.next += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0;
        for place in 0..10 {
            let Some(&byte) = self.bytes.get(self.next) else { return Err(self.corrupt("cut off in a number")) };
            self.next += 1;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                if place == 9 && byte > 1 {
                    break;
                }
                return Ok(number);
            }
        }
        Err(self.corrupt("a number of more than 64 bits"))
    }

    /// What is wrong here.
    #[cold]
    pub(super) fn corrupt(&self, cause: &'static str) -> Corrupt {
        Corrupt { cause, is_wrong_type: false, at: self.place() }
    }
}
