//! What the configuration files say, and whether it applies: pg_show_all_file_settings.
use super::{core, optional_text, set};
use error::PgResult;
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use settings::{ClusterSettings, Source, config_file, config_file::ConfigItem, definition};
use types::Datum;

pub(super) fn register(r: &mut Registry) {
    set(r, "show_all_file_settings", file_settings);
}

fn file_settings(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let engine = &core(cx)?.engine;
    let mut items = Vec::new();
    if let Some(directory) = engine.data_directory() {
        for name in [config_file::FILE_NAME, config_file::AUTO_FILE_NAME] {
            let path = directory.join(name);
            if path.exists() {
                items.extend(config_file::read(&path)?);
            }
        }
    }
    let current = engine.cluster_settings();
    let rows = items.iter().enumerate().map(|(at, item)| {
        let later = &items[at + 1..];
        let error = problem(&current, item);
        let last = !later.iter().any(|i| i.name.eq_ignore_ascii_case(&item.name));
        vec![
            Datum::text(&item.file.to_string_lossy()),
            Datum::Int4(item.line as i32),
            Datum::Int4(at as i32 + 1),
            Datum::text(&item.name),
            Datum::text(&item.value),
            Datum::Bool(last && error.is_none()),
            optional_text(error),
        ]
    });
    Ok(VecRowSource::boxed(rows.collect()))
}

/// Why an entry does not take effect.
fn problem(current: &ClusterSettings, item: &ConfigItem) -> Option<&'static str> {
    let custom = item.name.contains('.');
    let definition = definition::lookup(&item.name);
    if definition.is_none() && !custom {
        return Some("unrecognized configuration parameter");
    }
    let mut trial = current.clone();
    if trial.set(&item.name, &item.value, Source::ConfigurationFile).is_err() {
        return Some("setting could not be applied");
    }
    let restart = definition.is_some_and(|d| d.context <= settings::Context::Postmaster);
    let changed = definition.is_some_and(|d| {
        let id = definition::id_of(&d.name);
        trial.get(id) != current.get(id)
    });
    (restart && changed).then_some("setting could not be applied")
}
