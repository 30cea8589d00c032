//! The line tables of DWARF, read by gimli: which bytes of a module came from which line of which file.
//!
//! Only `.debug_line` and its strings are read, one program after the other, so that the time is linear
//! in their length. Broken or hostile tables give fewer rows: gimli returns errors, and what would be
//! long or large is cut off here.

use gimli::{AttributeValue, DebugLine, DebugLineOffset, EndianSlice, LineProgramHeader, LittleEndian};
use std::ffi::c_void;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

const ADDRESS_LEN: u8 = 4; // before version 5 the table doesn't say; memories have 32 bits
const LINE_LEN_MAX: usize = 4 << 20; // a file's entry takes a hundred times its shortest form
const PATH_LEN_MAX: usize = 4096;

/// What is read, and who is told. A callback that returns false (u32::MAX for a file) ends the reading.
#[repr(C)]
pub struct aether_dwarf {
    line: *const u8, // .debug_line
    line_len: usize,
    line_str: *const u8, // .debug_line_str
    line_str_len: usize,
    str: *const u8, // .debug_str
    str_len: usize,
    state: *mut c_void,
    /// A file that the rows which follow name by the number that is returned.
    on_file: extern "C" fn(state: *mut c_void, path: *const u8, len: usize) -> u32,
    /// From this address on, until the next row; `is_end` ends a sequence of rows.
    on_row: extern "C" fn(state: *mut c_void, address: u64, file: u32, line: u64, is_end: bool) -> bool,
}

unsafe fn slice<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

/// Strings of other sections, each read no further than a path may reach.
struct Strings<'a> {
    line_str: &'a [u8],
    str: &'a [u8],
}

impl<'a> Strings<'a> {
    fn get(&self, value: AttributeValue<Slice<'a>>) -> &'a [u8] {
        let bytes = match value {
            AttributeValue::String(text) => text.slice(),
            AttributeValue::DebugLineStrRef(at) => self.line_str.get(at.0..).unwrap_or(&[]),
            AttributeValue::DebugStrRef(at) => self.str.get(at.0..).unwrap_or(&[]),
            _ => &[],
        };
        let bytes = &bytes[..bytes.len().min(PATH_LEN_MAX)];
        &bytes[..bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())]
    }
}

fn push(path: &mut Vec<u8>, part: &[u8]) {
    if part.is_empty() || part == b"." {
        return;
    }
    if part[0] == b'/' {
        path.clear();
    } else if !path.is_empty() && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(part);
}

/// Directory and name; the compilation's own directory stands before them where the table has it.
fn path_of<'a>(header: &LineProgramHeader<Slice<'a>>, strings: &Strings<'a>, index: u64) -> Vec<u8> {
    let mut path = Vec::new();
    let Some(file) = header.file(index) else {
        return path;
    };
    if let Some(directory) = header.directory(0) {
        push(&mut path, strings.get(directory));
    }
    if file.directory_index() != 0 {
        if let Some(directory) = header.directory(file.directory_index()) {
            push(&mut path, strings.get(directory));
        }
    }
    push(&mut path, strings.get(file.path_name()));
    path.truncate(PATH_LEN_MAX);
    path
}

/// The rows of one program; false: the reader wants no more.
fn read_program<'a>(
    dwarf: &aether_dwarf,
    program: gimli::IncompleteLineProgram<Slice<'a>>,
    strings: &Strings<'a>,
) -> bool {
    let mut numbers = vec![None; program.header().file_names().len() + 1];
    let mut rows = program.rows();
    while let Ok(Some((header, row))) = rows.next_row() {
        let mut file = u32::MAX;
        if let Some(number) = usize::try_from(row.file_index()).ok().and_then(|i| numbers.get_mut(i)) {
            file = *number.get_or_insert_with(|| {
                let path = path_of(header, strings, row.file_index());
                (dwarf.on_file)(dwarf.state, path.as_ptr(), path.len())
            });
            if file == u32::MAX {
                return false;
            }
        }
        let line = row.line().map_or(0, |line| line.get());
        if !(dwarf.on_row)(dwarf.state, row.address(), file, line, row.end_sequence()) {
            return false;
        }
    }
    true
}

/// Read all rows. A row whose file is unknown has the number u32::MAX.
///
/// # Safety
///
/// The sections are readable for their lengths; the callbacks do not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aether_dwarf_read(dwarf: *const aether_dwarf) {
    let dwarf = unsafe { &*dwarf };
    let line = unsafe { slice(dwarf.line, dwarf.line_len.min(LINE_LEN_MAX)) };
    let strings = Strings {
        line_str: unsafe { slice(dwarf.line_str, dwarf.line_str_len) },
        str: unsafe { slice(dwarf.str, dwarf.str_len) },
    };
    let section = DebugLine::new(line, LittleEndian);
    let mut at = 0;
    while at < line.len() {
        // Where the next program begins is known also when this one's header is broken.
        let mut header = EndianSlice::new(&line[at..], LittleEndian);
        let Ok((len, format)) = gimli::Reader::read_initial_length(&mut header) else {
            return;
        };
        if let Ok(program) = section.program(DebugLineOffset(at), ADDRESS_LEN, None, None) {
            if !read_program(dwarf, program, &strings) {
                return;
            }
        }
        let Some(next) = at.checked_add(format.initial_length_size() as usize).and_then(|at| at.checked_add(len))
        else {
            return;
        };
        at = next;
    }
}
