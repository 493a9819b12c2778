//! Pseudo-types: most of them can be neither read nor shown.
use error::{PgError, PgResult, err};
use fmgr::Registry;
use types::Datum;

fn no_input(name: &str) -> PgError {
    err!(FEATURE_NOT_SUPPORTED, "cannot accept a value of type {name}")
}

fn no_output(name: &str) -> PgError {
    err!(FEATURE_NOT_SUPPORTED, "cannot display a value of type {name}")
}

macro_rules! pseudo {
    ($r:ident, in: $($in:literal $in_name:literal)*; out: $($out:literal $out_name:literal)*;) => {
        $( $r.scalar($in, |_cx, _args| -> PgResult<Datum> { Err(no_input($in_name)) }); )*
        $( $r.scalar($out, |_cx, _args| -> PgResult<Datum> { Err(no_output($out_name)) }); )*
    };
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    pseudo! { r,
        in: "any_in" "any" "anyarray_in" "anyarray" "anyarray_recv" "anyarray"
            "anyelement_in" "anyelement" "anynonarray_in" "anynonarray" "anyenum_in" "anyenum"
            "anyrange_in" "anyrange" "anymultirange_in" "anymultirange"
            "anycompatible_in" "anycompatible" "anycompatiblearray_in" "anycompatiblearray"
            "anycompatiblearray_recv" "anycompatiblearray"
            "anycompatiblenonarray_in" "anycompatiblenonarray"
            "anycompatiblerange_in" "anycompatiblerange"
            "anycompatiblemultirange_in" "anycompatiblemultirange"
            "trigger_in" "trigger" "event_trigger_in" "event_trigger"
            "language_handler_in" "language_handler" "fdw_handler_in" "fdw_handler"
            "table_am_handler_in" "table_am_handler" "index_am_handler_in" "index_am_handler"
            "tsm_handler_in" "tsm_handler" "internal_in" "internal" "shell_in" "shell"
            "pg_ddl_command_in" "pg_ddl_command" "pg_ddl_command_recv" "pg_ddl_command"
            "pg_node_tree_in" "pg_node_tree" "pg_node_tree_recv" "pg_node_tree"
            "pg_ndistinct_in" "pg_ndistinct" "pg_ndistinct_recv" "pg_ndistinct"
            "pg_dependencies_in" "pg_dependencies" "pg_dependencies_recv" "pg_dependencies"
            "pg_mcv_list_in" "pg_mcv_list" "pg_mcv_list_recv" "pg_mcv_list"
            "brin_bloom_summary_in" "pg_brin_bloom_summary"
            "brin_bloom_summary_recv" "pg_brin_bloom_summary"
            "brin_minmax_multi_summary_in" "pg_brin_minmax_multi_summary"
            "brin_minmax_multi_summary_recv" "pg_brin_minmax_multi_summary"
            "gtsvectorin" "gtsvector";
        out: "any_out" "any" "anyelement_out" "anyelement" "anynonarray_out" "anynonarray"
            "anycompatible_out" "anycompatible"
            "anycompatiblenonarray_out" "anycompatiblenonarray"
            "trigger_out" "trigger" "event_trigger_out" "event_trigger"
            "language_handler_out" "language_handler" "fdw_handler_out" "fdw_handler"
            "table_am_handler_out" "table_am_handler" "index_am_handler_out" "index_am_handler"
            "tsm_handler_out" "tsm_handler" "internal_out" "internal" "shell_out" "shell"
            "pg_ddl_command_out" "pg_ddl_command" "pg_ddl_command_send" "pg_ddl_command";
    }
}
