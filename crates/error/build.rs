//! Generates the `SqlState` constants from `data/errcodes.csv`.
use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=data/errcodes.csv");
    let csv = fs::read_to_string("data/errcodes.csv").expect("errcodes.csv");
    let mut consts = String::from("impl SqlState {\n");
    let mut names = String::from(
        "/// SQLSTATE and PL/pgSQL condition name, in the table's order.\npub static CONDITIONS: &[(SqlState, &str)] = &[\n",
    );
    for line in csv.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let (code, name, cond) = (f[0], f[2].trim_start_matches("ERRCODE_"), f[3]);
        let b = code.as_bytes();
        consts.push_str(&format!(
            "    /// SQLSTATE `{code}`.\n    pub const {name}: SqlState = SqlState([{}, {}, {}, {}, {}]);\n",
            b[0], b[1], b[2], b[3], b[4]
        ));
        if !cond.is_empty() {
            names.push_str(&format!("    (SqlState::{name}, \"{cond}\"),\n"));
        }
    }
    consts.push_str("}\n");
    names.push_str("];\n");
    let out = env::var("OUT_DIR").expect("OUT_DIR");
    fs::write(Path::new(&out).join("sqlstate.rs"), consts + &names).expect("write sqlstate.rs");
}
