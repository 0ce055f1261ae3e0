//! An adapter in Rust, without crates: vacancies as lines "number;employer's code;post;count" (see
//! ../README.md).
//!
//! Nothing may unwind into the host, so every function that it calls goes through `guarded`.

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicPtr, Ordering};

// ---- plugins/sdk/anqiao_adapter.h ----

const OK: i32 = 0;
const REJECT: i32 = 1;
const FATAL: i32 = 3;

const RECORD: u32 = 1;
const PAYLOAD: u32 = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct AqBytes {
    data: *const u8,
    length: usize,
}

#[repr(C)]
pub struct AqDiag {
    size: u32,
    severity: u32,
    reason: AqBytes,
    byte_offset: u64,
    byte_length: u64,
    row: u64,
    column: u32,
    target: u32,
    field: AqBytes,
    message: AqBytes,
}

#[repr(C)]
pub struct AqCursor {
    size: u32,
    column: u32,
    row: u64,
    byte_offset: u64,
}

#[repr(C)]
pub struct AqHost {
    size: u32,
    abi_minor: u32,
    context: *mut c_void,
    cursor: *mut AqCursor,
    emit: extern "C" fn(*mut c_void, AqBytes) -> i32,
    diag: extern "C" fn(*mut c_void, *const AqDiag) -> i32,
    log: extern "C" fn(*mut c_void, u32, AqBytes),
    write: extern "C" fn(*mut c_void, AqBytes) -> i32,
}

#[repr(C)]
pub struct AqPayload {
    size: u32,
    format: AqBytes,
    file_name: AqBytes,
    bytes: AqBytes,
}

/// Decoding and encoding keep nothing from call to call, so an instance is empty.
pub struct Instance;

#[repr(C)]
pub struct AqAdapter {
    size: u32,
    abi_minor: u32,
    manifest: extern "C" fn() -> AqBytes,
    open: extern "C" fn(AqBytes) -> *mut Instance,
    close: unsafe extern "C" fn(*mut Instance),
    decode: unsafe extern "C" fn(*mut Instance, *const AqHost, *const AqPayload) -> i32,
    encode: unsafe extern "C" fn(*mut Instance, *const AqHost, AqBytes, *const AqBytes, usize) -> i32,
    extension: extern "C" fn(AqBytes) -> *const c_void,
}

impl AqBytes {
    fn of(bytes: &[u8]) -> AqBytes {
        AqBytes { data: bytes.as_ptr(), length: bytes.len() }
    }

    /// What the host lends for a call.
    unsafe fn lent<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data, self.length)
    }
}

// ---- Protobuf, as much of it as is needed. ----

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_number(out: &mut Vec<u8>, field: u32, number: u64) {
    put_varint(out, u64::from(field) << 3);
    put_varint(out, number);
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7F) << shift;
        if *first < 0x80 {
            return Some(number);
        }
    }
    None
}

/// All fields of a message; None if it is none.
fn fields_of(mut message: &[u8]) -> Option<Vec<(u32, Value<'_>)>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = take_varint(&mut message)?;
        let number = take_varint(&mut message)?;
        let value = match tag & 7 {
            0 => Value::Number(number),
            2 => {
                let length = usize::try_from(number).ok().filter(|length| *length <= message.len())?;
                let (bytes, rest) = message.split_at(length);
                message = rest;
                Value::Bytes(bytes)
            }
            _ => return None, // Record has no other kinds
        };
        fields.push(((tag >> 3) as u32, value));
    }
    Some(fields)
}

// ---- The format. ----

const KIND_VACANCY: u64 = 15; // of anqiao/adapter/v1/adapter.proto

struct Column {
    name: &'static str,
    field: u32, // 0: only the record's key
    required: bool,
    count: bool,
}

const COLUMNS: [Column; 4] = [
    Column { name: "number", field: 0, required: true, count: false },
    Column { name: "employer", field: 83, required: true, count: false },
    Column { name: "post", field: 88, required: true, count: false },
    Column { name: "count", field: 89, required: false, count: true },
];

const LINE_BYTES_MAX: usize = 4096;
const KEY_BYTES_MAX: usize = 200;

/// What is wrong, in the agency's coordinates; `column` from 0.
struct Fault {
    reason: &'static str,
    column: Option<usize>,
    byte_offset: u64,
    message: &'static str,
}

fn check(column: usize, value: &str) -> Result<(), Fault> {
    let declared = &COLUMNS[column];
    let fault = |reason, message| Err(Fault { reason, column: Some(column), byte_offset: 0, message });
    if value.is_empty() {
        return if declared.required { fault("MISSING_VALUE", "a value is required") } else { Ok(()) };
    }
    if value.bytes().any(|byte| byte == b';' || byte < b' ' || byte == 0x7F) {
        return fault("VALUE_INVALID", "holds a control character or ;");
    }
    if column == 0 && value.len() > KEY_BYTES_MAX {
        return fault("VALUE_INVALID", "the key is longer than 200 bytes");
    }
    let is_count = value.len() <= 9
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && (value == "0" || !value.starts_with('0'));
    if declared.count && !is_count {
        return fault("VALUE_INVALID", "expected a whole number of at most nine digits");
    }
    Ok(())
}

/// One line as a serialized Record.
fn decode_line(line: &str, row: u64, byte_offset: u64) -> Result<Vec<u8>, Fault> {
    let whole = |reason, message| Fault { reason, column: None, byte_offset, message };
    if line.len() > LINE_BYTES_MAX {
        return Err(whole("VALUE_INVALID", "the line is longer than 4096 bytes"));
    }
    let parts: Vec<&str> = line.split(';').collect();
    if parts.len() != COLUMNS.len() {
        let reason = if parts.len() < COLUMNS.len() { "ROW_CUT_OFF" } else { "VALUE_INVALID" };
        return Err(whole(reason, "expected four parts, separated by ;"));
    }
    let mut record = Vec::new();
    put_number(&mut record, 1, KIND_VACANCY);
    put_bytes(&mut record, 2, parts[0].as_bytes());
    put_number(&mut record, 3, row);
    put_number(&mut record, 4, byte_offset);
    for (i, part) in parts.iter().enumerate() {
        let within = part.as_ptr() as u64 - line.as_ptr() as u64;
        check(i, part).map_err(|fault| Fault { byte_offset: byte_offset + within, ..fault })?;
        if COLUMNS[i].field == 0 || part.is_empty() {
            continue;
        }
        let mut value = Vec::new(); // a FieldValue
        put_number(&mut value, 1, u64::from(COLUMNS[i].field));
        put_bytes(&mut value, 2, part.as_bytes());
        put_number(&mut value, 3, i as u64 + 1);
        put_bytes(&mut value, 4, COLUMNS[i].name.as_bytes());
        put_bytes(&mut record, 5, &value);
    }
    Ok(record)
}

/// A serialized Record as one line.
fn encode_line(record: &[u8]) -> Result<Vec<u8>, Fault> {
    const NO_PLACE: Fault = Fault {
        reason: "VALUE_INVALID",
        column: None,
        byte_offset: 0,
        message: "the format has no place for this record",
    };
    let mut parts: [&[u8]; 4] = [&[]; 4];
    let mut kind = 0;
    for (field, value) in fields_of(record).ok_or(NO_PLACE)? {
        match (field, value) {
            (1, Value::Number(number)) => kind = number,
            (2, Value::Bytes(key)) => parts[0] = key,
            (5, Value::Bytes(inner)) => {
                let (mut target, mut text) = (0, &[][..]);
                for (field, value) in fields_of(inner).ok_or(NO_PLACE)? {
                    match (field, value) {
                        (1, Value::Number(number)) => target = number,
                        (2, Value::Bytes(bytes)) => text = bytes,
                        _ => {}
                    }
                }
                if text.is_empty() {
                    continue;
                }
                let place = (1..COLUMNS.len()).find(|i| u64::from(COLUMNS[*i].field) == target && parts[*i].is_empty());
                parts[place.ok_or(NO_PLACE)?] = text;
            }
            (6, Value::Number(removed)) if removed != 0 => return Err(NO_PLACE),
            _ => {}
        }
    }
    if kind != KIND_VACANCY {
        return Err(NO_PLACE);
    }
    let mut line = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let text = std::str::from_utf8(part).map_err(|_| Fault {
            reason: "ENCODING_INVALID",
            column: Some(i),
            byte_offset: 0,
            message: "not valid UTF-8",
        })?;
        check(i, text)?;
        line.extend_from_slice(part);
        line.push(if i + 1 < COLUMNS.len() { b';' } else { b'\n' });
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(Fault { message: "the line would be longer than 4096 bytes", ..NO_PLACE });
    }
    Ok(line)
}

// ---- The adapter. ----

impl AqHost {
    /// False: the host wants no more.
    fn say(&self, severity: u32, row: u64, fault: &Fault) -> bool {
        let column = fault.column.map(|column| &COLUMNS[column]);
        let diag = AqDiag {
            size: std::mem::size_of::<AqDiag>() as u32,
            severity,
            reason: AqBytes::of(fault.reason.as_bytes()),
            byte_offset: fault.byte_offset,
            byte_length: 0,
            row,
            column: fault.column.map_or(0, |column| column as u32 + 1),
            target: column.map_or(0, |column| column.field),
            field: AqBytes::of(column.map_or("", |column| column.name).as_bytes()),
            message: AqBytes::of(fault.message.as_bytes()),
        };
        (self.diag)(self.context, &diag) == 0
    }

    /// The place of a payload as a whole.
    fn refuse(&self, reason: &'static str, byte_offset: u64, message: &'static str) -> i32 {
        self.say(PAYLOAD, 0, &Fault { reason, column: None, byte_offset, message });
        REJECT
    }
}

/// A panic becomes FATAL: the instance is done for, the host is not.
fn guarded(call: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(FATAL)
}

fn decode_payload(host: &AqHost, format: &[u8], bytes: &[u8]) -> i32 {
    if format != b"vacancies" {
        return host.refuse("FORMAT_NOT_REGISTERED", 0, "the adapter has no such format");
    }
    if bytes.is_empty() {
        return host.refuse("PAYLOAD_EMPTY", 0, "the payload has no bytes");
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return host.refuse("ENCODING_INVALID", error.valid_up_to() as u64, "expected UTF-8"),
    };
    let mut offset = 0;
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let row = i as u64 + 1;
        // The cursor is the host's; it lives for the call.
        unsafe {
            (*host.cursor).row = row;
            (*host.cursor).byte_offset = offset;
        }
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        if !content.is_empty() {
            let goes_on = match decode_line(content, row, offset) {
                Ok(record) => (host.emit)(host.context, AqBytes::of(&record)) == 0,
                Err(fault) => host.say(RECORD, row, &fault),
            };
            if !goes_on {
                break;
            }
        }
        offset += line.len() as u64;
    }
    OK
}

unsafe extern "C" fn decode(_: *mut Instance, host: *const AqHost, payload: *const AqPayload) -> i32 {
    guarded(|| decode_payload(&*host, (*payload).format.lent(), (*payload).bytes.lent()))
}

unsafe extern "C" fn encode(_: *mut Instance, host: *const AqHost, _: AqBytes, records: *const AqBytes, count: usize) -> i32 {
    guarded(|| {
        let host = &*host;
        for i in 0..count {
            match encode_line((*records.add(i)).lent()) {
                Ok(line) => {
                    if (host.write)(host.context, AqBytes::of(&line)) != 0 {
                        return REJECT;
                    }
                }
                Err(fault) => {
                    host.say(PAYLOAD, i as u64 + 1, &fault);
                    return REJECT;
                }
            }
        }
        OK
    })
}

extern "C" fn manifest() -> AqBytes {
    // Made by whoever asks first; it lives as long as the library.
    static MANIFEST: AtomicPtr<Vec<u8>> = AtomicPtr::new(std::ptr::null_mut());
    if MANIFEST.load(Ordering::Acquire).is_null() {
        let mut format = Vec::new();
        put_bytes(&mut format, 1, b"vacancies");
        put_bytes(&mut format, 2, "招聘岗位".as_bytes());
        put_bytes(&mut format, 3, b"Vacancies");
        put_number(&mut format, 4, 2); // MODE_DELTA
        put_number(&mut format, 5, 1);
        put_number(&mut format, 6, 1);
        put_bytes(&mut format, 7, &[KIND_VACANCY as u8]);
        put_bytes(&mut format, 8, b"text/plain; charset=utf-8");
        let mut bytes = Box::new(Vec::new());
        put_bytes(&mut bytes, 1, b"example_rust");
        put_bytes(&mut bytes, 2, b"1.0.0");
        put_bytes(&mut bytes, 3, &format);
        let made = Box::into_raw(bytes);
        let null = std::ptr::null_mut();
        if MANIFEST.compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire).is_err() {
            drop(unsafe { Box::from_raw(made) }); // somebody else was first
        }
    }
    AqBytes::of(unsafe { &*MANIFEST.load(Ordering::Acquire) })
}

extern "C" fn open(configuration: AqBytes) -> *mut Instance {
    if configuration.length != 0 {
        return std::ptr::null_mut(); // there is nothing to configure
    }
    Box::into_raw(Box::new(Instance))
}

unsafe extern "C" fn close(instance: *mut Instance) {
    drop(Box::from_raw(instance));
}

extern "C" fn extension(_: AqBytes) -> *const c_void {
    std::ptr::null()
}

#[no_mangle]
pub extern "C" fn anqiao_adapter_v1() -> *const AqAdapter {
    static ADAPTER: AqAdapter = AqAdapter {
        size: std::mem::size_of::<AqAdapter>() as u32,
        abi_minor: 0,
        manifest,
        open,
        close,
        decode,
        encode,
        extension,
    };
    &ADAPTER
}
