//! Four hash chains, a thread each: the job of ../chains.ts in Rust, without a crate.
mod sha256;

use sha256::sha256;
use std::{fs, thread};

const LANES: u8 = 4;
const WORD: usize = 32;

/// The value of "nonce" in the job. The runtime writes it without white space, and a quotation mark within a string has
/// a backslash before it, so these bytes stand nowhere else.
fn nonce_of(job: &str) -> Option<&str> {
    job.split_once("\"nonce\":\"")?.1.split_once('"').map(|(nonce, _)| nonce)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn chain(seed: &[u8], lane: u8, steps: u64) -> [u8; WORD] {
    let first = sha256(&[seed, &[lane]].concat());
    (1..steps).fold(first, |at, _| sha256(&at))
}

fn prove() -> Result<Vec<u8>, String> {
    let input = fs::read("/in/public_inputs").map_err(|_| "the file /in/public_inputs is missing")?;
    if input.len() != 2 * WORD {
        return Err("public_inputs is not two words of 32 bytes".into());
    }
    let (seed, count) = input.split_at(WORD);
    let steps = count[28..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if steps == 0 || count[..28].iter().any(|byte| *byte != 0) {
        return Err("the number of steps is not 1 to 2^32 - 1".into());
    }
    let lanes = thread::scope(|scope| {
        let threads: Vec<_> = (0..LANES).map(|lane| scope.spawn(move || chain(seed, lane, steps))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    println!("Rust: {LANES} lanes, {LANES} threads");
    Ok(lanes.concat())
}

fn main() {
    let job = fs::read_to_string("/in/job.json").expect("the job");
    let nonce = nonce_of(&job).expect("its nonce");
    let answer = match prove() {
        Ok(proof) => {
            fs::write("/out/proof", &proof).expect("the proof");
            let (size, sha256) = (proof.len(), hex(&sha256(&proof)));
            format!(r#""status":"ok","files":[{{"name":"proof","size":{size},"sha256":"{sha256}"}}]"#)
        }
        Err(why) => {
            eprintln!("{why}");
            format!(r#""status":"error","error":"{why}","files":[]"#)
        }
    };
    let result = format!(r#"{{"schema":"gevulot/result@1","nonce":"{nonce}",{answer}}}"#);
    fs::write("/out/result.json", result).expect("the result");
}
