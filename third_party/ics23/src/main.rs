//! Hold proofs of Aether's tree against the verifier of ICS-23: `aether-ics23 <file>`, or on standard input.
//!
//! One claim a line, words separated by one space; bytes are hex, `-` if there are none:
//!
//! ```text
//! <verdict> present <root> <key> <value> <level>
//! <verdict> absent <root> <key> <neighbour> <neighbour>     the left one, the right one; `-`: there is none
//! end <number of lines before>
//! # a comment
//! ```
//!
//! <verdict> is what the verifier must say: `ok` or `bad`. <neighbour> is `<key>:<value>:<level>`. <level> is a level of a
//! proof as in docs/proofs.md, with the terminal 1. <value> is the stored value; the record prefix is put in front here.
//! Exit status 1, and a message, at the first line on which the verifier says something else.

use std::error::Error;
use std::{env, fs, io};

use ics23::commitment_proof::Proof;
use ics23::{
    CommitmentProof, ExistenceProof, HashOp, HostFunctionsManager, InnerOp, InnerSpec, LeafOp,
    LengthOp, NonExistenceProof, ProofSpec, verify_membership, verify_non_membership,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RECORD_PREFIX: u8 = 1;
const LEAF_PREFIX: u8 = 0;
const INNER_PREFIX: u8 = 1;
const TERMINAL_LEAF: u8 = 1;

fn leaf_op() -> LeafOp {
    LeafOp {
        hash: HashOp::Sha256.into(),
        prehash_key: HashOp::Sha256.into(),
        prehash_value: HashOp::Sha256.into(),
        length: LengthOp::NoPrefix.into(),
        prefix: vec![LEAF_PREFIX],
    }
}

/// The table of docs/proofs.md.
fn spec() -> ProofSpec {
    ProofSpec {
        leaf_spec: Some(leaf_op()),
        inner_spec: Some(InnerSpec {
            child_order: vec![0, 1],
            child_size: 32,
            min_prefix_length: 1,
            max_prefix_length: 1,
            empty_child: vec![0; 32],
            hash: HashOp::Sha256.into(),
        }),
        max_depth: 256,
        min_depth: 0,
        prehash_key_before_comparison: true,
    }
}

fn bytes(word: &str) -> Result<Vec<u8>> {
    if word == "-" {
        return Ok(Vec::new());
    }
    if !word.is_ascii() || !word.len().is_multiple_of(2) {
        return Err("not hex".into());
    }
    (0..word.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(&word[at..at + 2], 16)?))
        .collect()
}

/// Take bytes off the front.
fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8]> {
    let (front, left) = rest.split_at_checked(len).ok_or("the level ends early")?;
    *rest = left;
    Ok(front)
}

/// The siblings of a level, from the root down.
fn siblings(level: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut rest = level;
    let head = take(&mut rest, 3)?;
    if head[0] != TERMINAL_LEAF {
        return Err("a level of another terminal than a leaf".into());
    }
    let depth = usize::from(u16::from_le_bytes([head[1], head[2]]));
    let bitmap = take(&mut rest, depth.div_ceil(8))?;
    let mut out = Vec::new();
    for at in 0..depth {
        out.push(if bitmap[at / 8] >> (at % 8) & 1 == 1 {
            take(&mut rest, 32)?.to_vec()
        } else {
            vec![0; 32]
        });
    }
    if rest.is_empty() {
        Ok(out)
    } else {
        Err("bytes behind the level".into())
    }
}

fn existence(key: &[u8], value: &[u8], level: &[u8]) -> Result<ExistenceProof> {
    use ics23::HostFunctionsProvider;
    let key_path = HostFunctionsManager::sha2_256(key);
    let mut path = Vec::new();
    for (at, sibling) in siblings(level)?.into_iter().enumerate() {
        let is_right = key_path[at / 8] >> (7 - at % 8) & 1 == 1;
        let mut prefix = vec![INNER_PREFIX];
        let mut suffix = Vec::new();
        if is_right {
            prefix.extend(sibling);
        } else {
            suffix = sibling;
        }
        path.push(InnerOp {
            hash: HashOp::Sha256.into(),
            prefix,
            suffix,
        });
    }
    path.reverse(); // ICS-23 goes from the leaf up
    Ok(ExistenceProof {
        key: key.to_vec(),
        value: [&[RECORD_PREFIX], value].concat(),
        leaf: Some(leaf_op()),
        path,
    })
}

fn neighbour(word: &str) -> Result<Option<ExistenceProof>> {
    if word == "-" {
        return Ok(None);
    }
    let parts: Vec<&str> = word.split(':').collect();
    let [key, value, level] = parts[..] else {
        return Err("a neighbour is <key>:<value>:<level>".into());
    };
    Ok(Some(existence(
        &bytes(key)?,
        &bytes(value)?,
        &bytes(level)?,
    )?))
}

fn is_present(root: &str, key: &str, value: &str, level: &str) -> Result<bool> {
    let (root, key, value) = (bytes(root)?, bytes(key)?, bytes(value)?);
    let exist = existence(&key, &value, &bytes(level)?)?;
    let record = exist.value.clone();
    let proof = CommitmentProof {
        proof: Some(Proof::Exist(exist)),
    };
    Ok(verify_membership::<HostFunctionsManager>(
        &proof,
        &spec(),
        &root,
        &key,
        &record,
    ))
}

fn is_absent(root: &str, key: &str, left: &str, right: &str) -> Result<bool> {
    let (root, key) = (bytes(root)?, bytes(key)?);
    let none = NonExistenceProof {
        key: key.clone(),
        left: neighbour(left)?,
        right: neighbour(right)?,
    };
    let proof = CommitmentProof {
        proof: Some(Proof::Nonexist(none)),
    };
    Ok(verify_non_membership::<HostFunctionsManager>(
        &proof,
        &spec(),
        &root,
        &key,
    ))
}

/// Whether the verifier says of a claim what it must; and what it must.
fn check(words: &[&str]) -> Result<(bool, bool)> {
    let (verdict, said) = match *words {
        [verdict, "present", root, key, value, level] => {
            (verdict, is_present(root, key, value, level)?)
        }
        [verdict, "absent", root, key, left, right] => {
            (verdict, is_absent(root, key, left, right)?)
        }
        _ => return Err("no such claim".into()),
    };
    match verdict {
        "ok" => Ok((said, true)),
        "bad" => Ok((!said, false)),
        _ => Err("no such verdict".into()),
    }
}

fn run(text: &str) -> Result<()> {
    let (mut accepted, mut refused, mut is_whole) = (0, 0, false);
    for (number, line) in text.lines().enumerate() {
        let at = number + 1;
        if line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        if let ["end", count] = words[..] {
            is_whole = count.parse::<usize>()? == accepted + refused;
            continue;
        }
        let (agrees, is_ok) = check(&words).map_err(|error| format!("line {at}: {error}"))?;
        if !agrees {
            return Err(format!("line {at}: must be {}: {line}", words[0]).into());
        }
        accepted += usize::from(is_ok);
        refused += usize::from(!is_ok);
    }
    if !is_whole {
        return Err("the last line is not the end of as many claims".into());
    }
    println!("ics23: {accepted} accepted, {refused} refused, as they must be");
    Ok(())
}

fn main() -> Result<()> {
    let text = match env::args().nth(1) {
        Some(path) => fs::read_to_string(path)?,
        None => io::read_to_string(io::stdin())?,
    };
    run(&text)
}
