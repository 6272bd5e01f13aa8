//! [`Checkpoint`]: a batch between two blocks, and how far its rows had come by then.
//!
//! The file is a line that names the form, the SHA-256 of the rest, and the rest, in which every
//! float has all its bits.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::montecarlo::batch::Progress;

/// The first line of the file; it changes with the form.
const MAGIC: &[u8] = b"ecsim checkpoint 2\n";
/// Bytes of a SHA-256.
const HASH: usize = 32;

/// What it takes to go on with a batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The digest of the inputs that it is of.
    pub inputs: String,
    /// Bytes of the files of rows, in their order, that belong to it.
    pub lengths: Vec<u64>,
    /// The numbers.
    pub progress: Progress,
}

impl Checkpoint {
    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_allocvec(self).expect("numbers and text can be written to memory");
        [MAGIC, &Sha256::digest(&body), &body].concat()
    }

    /// Reads the bytes of a file; what is wrong with them if they are none of ours.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let rest = bytes.strip_prefix(MAGIC).ok_or("is no checkpoint of this version of ecsim")?;
        let (hash, body) = rest.split_at_checked(HASH).ok_or("is cut off")?;
        if Sha256::digest(body).as_slice() != hash {
            return Err("is damaged");
        }
        postcard::from_bytes(body).map_err(|_| "is no checkpoint of this version of ecsim")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_and_never_torn() {
        let checkpoint = Checkpoint {
            inputs: "0123".to_owned(),
            lengths: vec![17, u64::MAX],
            progress: Progress::start(2),
        };
        let bytes = checkpoint.to_bytes();
        assert_eq!(Checkpoint::from_bytes(&bytes), Ok(checkpoint));
        for n in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..n]).is_err(), "cut off at {n}");
            let mut changed = bytes.clone();
            changed[n] ^= 4;
            assert!(Checkpoint::from_bytes(&changed).is_err(), "changed at {n}");
        }
    }
}
