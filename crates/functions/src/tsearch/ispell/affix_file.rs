//! Reading affix files, in the old format and in that of myspell and hunspell.
use super::affix::{Affix, AffixKind};
use super::flag::{FlagMode, FlagSet, leading_number};
use super::usage;
use crate::tsearch::{dictionary::lower, files::ConfigFile};
use error::{PgResult, bail};

/// What a file says.
#[derive(Default)]
pub(super) struct AffixFile {
    pub flags: FlagSet,
    pub affixes: Vec<Affix>,
    pub has_compounds: bool,
}

/// Reads a file of either format.
pub(super) fn read(file: &ConfigFile) -> PgResult<AffixFile> {
    let mut old = OldFormat::default();
    for (number, line) in file.lines().enumerate() {
        match old.line(line).map_err(|e| file.at_line(e, number))? {
            Format::Old => {}
            Format::New if old.is_certain => {
                bail!(
                    CONFIG_FILE_ERROR,
                    "affix file contains both old-style and new-style commands"
                )
            }
            Format::New => return read_new(file),
        }
    }
    Ok(old.file)
}

enum Format {
    Old,
    New,
}

#[derive(Default)]
struct OldFormat {
    file: AffixFile,
    kind: Option<AffixKind>,
    flag: String,
    usage: u8,
    /// A line of this format was seen.
    is_certain: bool,
}

impl OldFormat {
    fn line(&mut self, line: &str) -> PgResult<Format> {
        let lowered = lower(line);
        if lowered.is_empty() || lowered.starts_with('#') {
            return Ok(Format::Old);
        }
        if lowered.starts_with("compoundwords") {
            if let Some(at) = line.find(['l', 'L']) {
                let rest = line[at..].trim_start_matches(|c: char| !c.is_ascii_whitespace());
                if rest.trim_start().starts_with(|c: char| c.is_ascii()) {
                    self.file.flags.add_compound(rest, usage::ANY)?;
                    self.file.has_compounds = true;
                }
                self.is_certain = true;
                return Ok(Format::Old);
            }
        }
        for (word, kind) in [("suffixes", AffixKind::Suffix), ("prefixes", AffixKind::Prefix)] {
            if lowered.starts_with(word) {
                self.kind = Some(kind);
                self.is_certain = true;
                return Ok(Format::Old);
            }
        }
        if lowered.starts_with("flag") {
            return Ok(self.flag_line(&line[4..]));
        }
        let new = ["COMPOUNDFLAG", "COMPOUNDMIN", "PFX", "SFX"];
        if new.iter().any(|word| line.starts_with(word)) {
            return Ok(Format::New);
        }
        let Some(kind) = self.kind else { return Ok(Format::Old) };
        if let Some((mask, strip, add)) = old_rule(&lowered)? {
            let affix = Affix::new(kind, &self.flag, self.usage, &mask, &strip, &add)?;
            self.file.affixes.push(affix);
        }
        Ok(Format::Old)
    }

    /// `flag *X:`
    fn flag_line(&mut self, rest: &str) -> Format {
        let mut rest = rest.trim_start();
        self.usage = 0;
        if let Some(after) = rest.strip_prefix('*') {
            self.usage |= usage::CROSS_PRODUCT;
            rest = after;
        } else if let Some(after) = rest.strip_prefix('~') {
            self.usage |= usage::ONLY;
            rest = after;
        }
        rest = rest.strip_prefix('\\').unwrap_or(rest);
        let mut chars = rest.chars();
        if let Some(flag) = chars.next().filter(char::is_ascii) {
            self.flag = flag.to_string();
            let next = chars.next();
            if next.is_none_or(|c| c == '#' || c == ':' || c.is_ascii_whitespace()) {
                self.is_certain = true;
                return Format::Old;
            }
        }
        Format::New
    }
}

/// `mask > -strip,add`; `None` for a line that is something else.
fn old_rule(line: &str) -> PgResult<Option<(String, String, String)>> {
    #[derive(PartialEq)]
    enum At {
        WaitMask,
        Mask,
        WaitStrip,
        Strip,
        WaitAdd,
        Add,
    }
    let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    let (mut mask, mut strip, mut add) = (String::new(), String::new(), String::new());
    let mut at = At::WaitMask;
    for c in line.chars() {
        let space = c.is_ascii_whitespace();
        match at {
            At::WaitMask if c == '#' => return Ok(None),
            At::WaitMask | At::Mask if space => {}
            At::WaitMask => {
                mask.push(c);
                at = At::Mask;
            }
            At::Mask if c == '>' => at = At::WaitStrip,
            At::Mask => mask.push(c),
            At::WaitStrip if c == '-' => at = At::Strip,
            At::WaitStrip if is_letter(c) || c == '\'' => {
                add.push(c);
                at = At::Add;
            }
            At::Strip if c == ',' => at = At::WaitAdd,
            At::Strip if is_letter(c) => strip.push(c),
            At::WaitAdd if c == '-' => break,
            At::WaitAdd if is_letter(c) => {
                add.push(c);
                at = At::Add;
            }
            At::Add if c == '#' => break,
            At::Add if is_letter(c) => add.push(c),
            _ if space => {}
            _ => bail!(CONFIG_FILE_ERROR, "syntax error"),
        }
    }
    let complete = !mask.is_empty() && (!strip.is_empty() || !add.is_empty());
    Ok(complete.then_some((mask, strip, add)))
}

fn is_command(line: &str) -> bool {
    !line.starts_with(|c: char| c == '#' || c.is_ascii_whitespace()) && !line.is_empty()
}

const COMPOUND_COMMANDS: [(&str, u8); 8] = [
    ("COMPOUNDFLAG", usage::ANY),
    ("COMPOUNDBEGIN", usage::BEGIN),
    ("COMPOUNDLAST", usage::LAST),
    ("COMPOUNDEND", usage::LAST),
    ("COMPOUNDMIDDLE", usage::MIDDLE),
    ("ONLYINCOMPOUND", usage::ONLY),
    ("COMPOUNDPERMITFLAG", usage::PERMIT),
    ("COMPOUNDFORBIDFLAG", usage::FORBID),
];

fn read_new(file: &ConfigFile) -> PgResult<AffixFile> {
    let mut out = AffixFile::default();
    // What flags look like and mean must be known before the affixes.
    for (number, line) in file.lines().enumerate().filter(|(_, l)| is_command(l)) {
        settings_line(&mut out, line).map_err(|e| file.at_line(e, number))?;
    }
    let mut reader = NewFormat::default();
    for (number, line) in file.lines().enumerate().filter(|(_, l)| is_command(l)) {
        reader.line(&mut out, line).map_err(|e| file.at_line(e, number))?;
    }
    if let Some(aliases) = &out.flags.aliases {
        if aliases.len() != reader.alias_count {
            bail!(
                CONFIG_FILE_ERROR,
                "number of aliases is less than specified number {}",
                reader.alias_count.saturating_sub(1)
            );
        }
    }
    Ok(out)
}

fn settings_line(out: &mut AffixFile, line: &str) -> PgResult<()> {
    for (command, value) in COMPOUND_COMMANDS {
        if let Some(rest) = line.strip_prefix(command) {
            out.flags.add_compound(rest, value)?;
            out.has_compounds = true;
            return Ok(());
        }
    }
    let Some(mode) = line.strip_prefix("FLAG").map(str::trim_start) else { return Ok(()) };
    if mode.starts_with("long") {
        out.flags.mode = FlagMode::Long;
    } else if mode.starts_with("num") {
        out.flags.mode = FlagMode::Number;
    } else if !mode.is_empty() && !mode.starts_with("default") {
        bail!(
            CONFIG_FILE_ERROR,
            "Ispell dictionary supports only \"default\", \"long\", and \"num\" flag values"
        );
    }
    Ok(())
}

#[derive(Default)]
struct NewFormat {
    kind: Option<AffixKind>,
    usage: u8,
    /// Aliases there will be, with the empty one.
    alias_count: usize,
}

impl NewFormat {
    fn line(&mut self, out: &mut AffixFile, line: &str) -> PgResult<()> {
        let fields: Vec<&str> = line
            .split_ascii_whitespace()
            .take(5)
            .take_while(|field| !field.starts_with('#'))
            .collect();
        let kind = lower(fields.first().copied().unwrap_or(""));
        let flag = fields.get(1).copied().unwrap_or("");
        if kind.starts_with("af") {
            return self.alias(out, flag);
        }
        let affix_kind = match kind.get(..3) {
            Some("sfx") => AffixKind::Suffix,
            Some("pfx") => AffixKind::Prefix,
            _ => return Ok(()),
        };
        let too_long = match out.flags.mode {
            FlagMode::Char => flag.len() > 1,
            FlagMode::Long => flag.len() > 2,
            FlagMode::Number => false,
        };
        if fields.len() < 4 || flag.is_empty() || too_long {
            return Ok(());
        }
        if fields.len() == 4 {
            // The head of a group.
            self.kind = Some(affix_kind);
            let cross = fields[2].starts_with(['y', 'Y']);
            self.usage = if cross { usage::CROSS_PRODUCT } else { 0 };
            return Ok(());
        }
        let (strip, repl, mask) = (fields[2], fields[3], fields[4]);
        let (add, own_flags) = repl.split_once('/').unwrap_or((repl, ""));
        let more = out.flags.usage(out.flags.of_affix(own_flags)?)?;
        let strip = if strip.starts_with('0') { String::new() } else { lower(strip) };
        let add = if add.starts_with('0') { String::new() } else { lower(add) };
        let kind = self.kind.unwrap_or(AffixKind::Prefix);
        let affix = Affix::new(kind, flag, self.usage | more, &lower(mask), &strip, &add)?;
        out.affixes.push(affix);
        Ok(())
    }

    /// `AF n` says how many aliases there are, `AF flags` is the next.
    fn alias(&mut self, out: &mut AffixFile, text: &str) -> PgResult<()> {
        let Some(aliases) = &mut out.flags.aliases else {
            let n = leading_number(text).filter(|n| *n > 0);
            let Some(n) = n.and_then(|n| usize::try_from(n).ok()) else {
                bail!(CONFIG_FILE_ERROR, "invalid number of flag vector aliases");
            };
            self.alias_count = n + 1;
            out.flags.aliases = Some(vec![String::new()]);
            return Ok(());
        };
        if aliases.len() >= self.alias_count {
            bail!(
                CONFIG_FILE_ERROR,
                "number of aliases exceeds specified number {}",
                self.alias_count - 1
            );
        }
        aliases.push(text.to_owned());
        Ok(())
    }
}
