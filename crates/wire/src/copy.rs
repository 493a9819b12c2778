//! Messages of the COPY sub-protocol that a server sends.
use crate::{
    Format,
    backend::{begin_message, end_message},
};

fn copy_response(out: &mut Vec<u8>, tag: u8, format: Format, columns: usize) {
    let mark = begin_message(out, tag);
    out.push(format.code() as u8);
    out.extend_from_slice(&(columns as u16).to_be_bytes());
    for _ in 0..columns {
        out.extend_from_slice(&format.code().to_be_bytes());
    }
    end_message(out, mark);
}

/// CopyInResponse.
pub fn copy_in_response(out: &mut Vec<u8>, format: Format, columns: usize) {
    copy_response(out, b'G', format, columns);
}

/// CopyOutResponse.
pub fn copy_out_response(out: &mut Vec<u8>, format: Format, columns: usize) {
    copy_response(out, b'H', format, columns);
}

/// CopyData.
#[inline]
pub fn copy_data(out: &mut Vec<u8>, data: &[u8]) {
    let mark = begin_message(out, b'd');
    out.extend_from_slice(data);
    end_message(out, mark);
}
