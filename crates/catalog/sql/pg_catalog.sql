-- Views of pg_catalog over the catalogs and the server's state.
-- One query after each line that names its view; search_path is pg_catalog.

-- view: pg_aios
SELECT
    f.pid,
    f.io_id,
    f.io_generation,
    f.state,
    f.operation,
    f."off",
    f.length,
    f.target,
    f.handle_data_len,
    f.raw_result,
    f.result,
    f.target_desc,
    f.f_sync,
    f.f_localmem,
    f.f_buffered
FROM pg_get_aios() AS f;

-- view: pg_available_extension_versions
SELECT
    f.name, f.version, (x.extname IS NOT NULL) AS installed, f.superuser, f.trusted, f.relocatable, f.schema,
    f.requires, f.comment
FROM pg_available_extension_versions() AS f
LEFT JOIN pg_extension AS x ON x.extname = f.name AND x.extversion = f.version;

-- view: pg_available_extensions
SELECT f.name, f.default_version, x.extversion AS installed_version, f.comment
FROM pg_available_extensions() AS f
LEFT JOIN pg_extension AS x ON x.extname = f.name;

-- view: pg_backend_memory_contexts
SELECT
    f.name,
    f.ident,
    f.type,
    f.level,
    f.path,
    f.total_bytes,
    f.total_nblocks,
    f.free_bytes,
    f.free_chunks,
    f.used_bytes
FROM pg_get_backend_memory_contexts() AS f;

-- view: pg_config
SELECT
    f.name,
    f.setting
FROM pg_config() AS f;

-- view: pg_cursors
SELECT
    f.name,
    f.statement,
    f.is_holdable,
    f.is_binary,
    f.is_scrollable,
    f.creation_time
FROM pg_cursor() AS f;

-- view: pg_file_settings
SELECT
    f.sourcefile,
    f.sourceline,
    f.seqno,
    f.name,
    f.setting,
    f.applied,
    f.error
FROM pg_show_all_file_settings() AS f;

-- view: pg_group
SELECT
    a.rolname AS groname, a.oid AS grosysid,
    ARRAY(SELECT m.member FROM pg_auth_members AS m WHERE m.roleid = a.oid) AS grolist
FROM pg_authid AS a
WHERE NOT a.rolcanlogin;

-- view: pg_hba_file_rules
SELECT
    f.rule_number,
    f.file_name,
    f.line_number,
    f.type,
    f.database,
    f.user_name,
    f.address,
    f.netmask,
    f.auth_method,
    f.options,
    f.error
FROM pg_hba_file_rules() AS f;

-- view: pg_ident_file_mappings
SELECT
    f.map_number,
    f.file_name,
    f.line_number,
    f.map_name,
    f.sys_name,
    f.pg_username,
    f.error
FROM pg_ident_file_mappings() AS f;

-- view: pg_indexes
SELECT
    n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, t.spcname AS tablespace,
    pg_get_indexdef(i.oid) AS indexdef
FROM pg_index AS x
JOIN pg_class AS c ON c.oid = x.indrelid
JOIN pg_class AS i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace AS t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

-- view: pg_locks
SELECT
    f.locktype,
    f.database,
    f.relation,
    f.page,
    f.tuple,
    f.virtualxid,
    f.transactionid,
    f.classid,
    f.objid,
    f.objsubid,
    f.virtualtransaction,
    f.pid,
    f.mode,
    f.granted,
    f.fastpath,
    f.waitstart
FROM pg_lock_status() AS f;

-- view: pg_matviews
SELECT
    n.nspname AS schemaname, c.relname AS matviewname, pg_get_userbyid(c.relowner) AS matviewowner,
    t.spcname AS tablespace, c.relhasindex AS hasindexes, c.relispopulated AS ispopulated,
    pg_get_viewdef(c.oid) AS definition
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
WHERE c.relkind = 'm';

-- view: pg_policies
SELECT
    n.nspname AS schemaname, c.relname AS tablename, p.polname AS policyname,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END AS permissive,
    CASE WHEN p.polroles = '{0}'::oid[] THEN '{public}'::text[]::name[]
         ELSE ARRAY(SELECT r.rolname FROM pg_authid AS r WHERE r.oid = ANY (p.polroles) ORDER BY r.rolname)
    END AS roles,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
         WHEN '*' THEN 'ALL' END AS cmd,
    pg_get_expr(p.polqual, p.polrelid) COLLATE "C" AS qual,
    pg_get_expr(p.polwithcheck, p.polrelid) COLLATE "C" AS with_check
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace;

-- view: pg_prepared_statements
SELECT
    f.name,
    f.statement,
    f.prepare_time,
    f.parameter_types,
    f.result_types,
    f.from_sql,
    f.generic_plans,
    f.custom_plans
FROM pg_prepared_statement() AS f;

-- view: pg_prepared_xacts
SELECT p.transaction, p.gid, p.prepared, a.rolname AS owner, d.datname AS database
FROM pg_prepared_xact() AS p
LEFT JOIN pg_authid AS a ON a.oid = p.ownerid
LEFT JOIN pg_database AS d ON d.oid = p.dbid;

-- view: pg_publication_tables
SELECT
    p.pubname, n.nspname AS schemaname, c.relname AS tablename,
    (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute AS a
     WHERE a.attrelid = g.relid AND a.attnum = ANY (g.attrs)) AS attnames,
    pg_get_expr(g.qual, g.relid) AS rowfilter
FROM pg_publication AS p
CROSS JOIN LATERAL pg_get_publication_tables(p.pubname::text) AS g
JOIN pg_class AS c ON c.oid = g.relid
JOIN pg_namespace AS n ON n.oid = c.relnamespace;

-- view: pg_replication_origin_status
SELECT
    f.local_id,
    f.external_id,
    f.remote_lsn,
    f.local_lsn
FROM pg_show_replication_origin_status() AS f;

-- view: pg_replication_slots
SELECT
    s.slot_name,
    s.plugin,
    s.slot_type,
    s.datoid,
    d.datname AS database,
    s.temporary,
    s.active,
    s.active_pid,
    s.xmin,
    s.catalog_xmin,
    s.restart_lsn,
    s.confirmed_flush_lsn,
    s.wal_status,
    s.safe_wal_size,
    s.two_phase,
    s.two_phase_at,
    s.inactive_since,
    s.conflicting,
    s.invalidation_reason,
    s.failover,
    s.synced
FROM pg_get_replication_slots() AS s
LEFT JOIN pg_database AS d ON d.oid = s.datoid;

-- view: pg_roles
SELECT
    a.rolname, a.rolsuper, a.rolinherit, a.rolcreaterole, a.rolcreatedb, a.rolcanlogin, a.rolreplication,
    a.rolconnlimit, '********'::text AS rolpassword, a.rolvaliduntil, a.rolbypassrls,
    s.setconfig AS rolconfig, a.oid
FROM pg_authid AS a
LEFT JOIN pg_db_role_setting AS s ON s.setrole = a.oid AND s.setdatabase = 0;

-- view: pg_rules
SELECT n.nspname AS schemaname, c.relname AS tablename, r.rulename, pg_get_ruledef(r.oid) AS definition
FROM pg_rewrite AS r
JOIN pg_class AS c ON c.oid = r.ev_class
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN';

-- view: pg_seclabels
SELECT
    l.objoid, l.classoid, l.objsubid, CASE WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized view' WHEN c.relkind = 'S' THEN 'sequence' WHEN c.relkind = 'f' THEN 'foreign table' END AS objtype, c.relnamespace AS objnamespace, CASE WHEN pg_table_is_visible(c.oid) THEN quote_ident(c.relname) ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_class AS c ON l.classoid = c.tableoid AND l.objoid = c.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'column'::text AS objtype, c.relnamespace AS objnamespace, CASE WHEN pg_table_is_visible(c.oid) THEN quote_ident(c.relname) ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END || '.' || a.attname AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_class AS c ON l.classoid = c.tableoid AND l.objoid = c.oid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = l.objsubid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE l.objsubid <> 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'w' THEN 'window' END AS objtype, p.pronamespace AS objnamespace, CASE WHEN pg_function_is_visible(p.oid) THEN quote_ident(p.proname) ELSE quote_ident(n.nspname) || '.' || quote_ident(p.proname) END || '(' || pg_get_function_arguments(p.oid) || ')' AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_proc AS p ON l.classoid = p.tableoid AND l.objoid = p.oid
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, CASE WHEN t.typtype = 'd' THEN 'domain' ELSE 'type' END AS objtype, t.typnamespace AS objnamespace, CASE WHEN pg_type_is_visible(t.oid) THEN quote_ident(t.typname) ELSE quote_ident(n.nspname) || '.' || quote_ident(t.typname) END AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_type AS t ON l.classoid = t.tableoid AND l.objoid = t.oid
JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'large object'::text AS objtype, NULL::oid AS objnamespace, l.objoid::text AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_largeobject_metadata AS o ON l.classoid = 'pg_largeobject'::regclass AND l.objoid = o.oid
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'language'::text AS objtype, NULL::oid AS objnamespace, quote_ident(g.lanname) AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_language AS g ON l.classoid = g.tableoid AND l.objoid = g.oid
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'schema'::text AS objtype, n.oid AS objnamespace, quote_ident(n.nspname) AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_namespace AS n ON l.classoid = n.tableoid AND l.objoid = n.oid
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'event trigger'::text AS objtype, NULL::oid AS objnamespace, quote_ident(v.evtname) AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_event_trigger AS v ON l.classoid = v.tableoid AND l.objoid = v.oid
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, l.objsubid, 'publication'::text AS objtype, NULL::oid AS objnamespace, quote_ident(b.pubname) AS objname, l.provider, l.label
FROM pg_seclabel AS l
JOIN pg_publication AS b ON l.classoid = b.tableoid AND l.objoid = b.oid
WHERE l.objsubid = 0
UNION ALL
SELECT
    l.objoid, l.classoid, 0 AS objsubid, 'subscription'::text AS objtype, NULL::oid AS objnamespace, quote_ident(u.subname) AS objname, l.provider, l.label
FROM pg_shseclabel AS l
JOIN pg_subscription AS u ON l.classoid = u.tableoid AND l.objoid = u.oid
UNION ALL
SELECT
    l.objoid, l.classoid, 0 AS objsubid, 'database'::text AS objtype, NULL::oid AS objnamespace, quote_ident(d.datname) AS objname, l.provider, l.label
FROM pg_shseclabel AS l
JOIN pg_database AS d ON l.classoid = d.tableoid AND l.objoid = d.oid
UNION ALL
SELECT
    l.objoid, l.classoid, 0 AS objsubid, 'tablespace'::text AS objtype, NULL::oid AS objnamespace, quote_ident(s.spcname) AS objname, l.provider, l.label
FROM pg_shseclabel AS l
JOIN pg_tablespace AS s ON l.classoid = s.tableoid AND l.objoid = s.oid
UNION ALL
SELECT
    l.objoid, l.classoid, 0 AS objsubid, 'role'::text AS objtype, NULL::oid AS objnamespace, quote_ident(a.rolname) AS objname, l.provider, l.label
FROM pg_shseclabel AS l
JOIN pg_authid AS a ON l.classoid = a.tableoid AND l.objoid = a.oid;

-- view: pg_sequences
SELECT
    n.nspname AS schemaname, c.relname AS sequencename, pg_get_userbyid(c.relowner) AS sequenceowner,
    s.seqtypid::regtype AS data_type, s.seqstart AS start_value, s.seqmin AS min_value, s.seqmax AS max_value,
    s.seqincrement AS increment_by, s.seqcycle AS cycle, s.seqcache AS cache_size,
    pg_sequence_last_value(c.oid::regclass) AS last_value
FROM pg_sequence AS s
JOIN pg_class AS c ON c.oid = s.seqrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT pg_is_other_temp_schema(n.oid) AND c.relkind = 'S';

-- view: pg_settings
SELECT
    f.name,
    f.setting,
    f.unit,
    f.category,
    f.short_desc,
    f.extra_desc,
    f.context,
    f.vartype,
    f.source,
    f.min_val,
    f.max_val,
    f.enumvals,
    f.boot_val,
    f.reset_val,
    f.sourcefile,
    f.sourceline,
    f.pending_restart
FROM pg_show_all_settings() AS f;

-- view: pg_shadow
SELECT
    a.rolname AS usename, a.oid AS usesysid, a.rolcreatedb AS usecreatedb, a.rolsuper AS usesuper,
    a.rolreplication AS userepl, a.rolbypassrls AS usebypassrls, a.rolpassword AS passwd,
    a.rolvaliduntil AS valuntil, s.setconfig AS useconfig
FROM pg_authid AS a
LEFT JOIN pg_db_role_setting AS s ON s.setrole = a.oid AND s.setdatabase = 0
WHERE a.rolcanlogin;

-- view: pg_shmem_allocations
SELECT
    f.name,
    f."off",
    f.size,
    f.allocated_size
FROM pg_get_shmem_allocations() AS f;

-- view: pg_shmem_allocations_numa
SELECT
    f.name,
    f.numa_node,
    f.size
FROM pg_get_shmem_allocations_numa() AS f;

-- view: pg_stats
SELECT
    n.nspname AS schemaname, c.relname AS tablename, a.attname, s.stainherit AS inherited,
    s.stanullfrac AS null_frac, s.stawidth AS avg_width, s.stadistinct AS n_distinct,
    CASE WHEN s.stakind1 = 1 THEN s.stavalues1 WHEN s.stakind2 = 1 THEN s.stavalues2 WHEN s.stakind3 = 1 THEN s.stavalues3 WHEN s.stakind4 = 1 THEN s.stavalues4 WHEN s.stakind5 = 1 THEN s.stavalues5 END AS most_common_vals,
    CASE WHEN s.stakind1 = 1 THEN s.stanumbers1 WHEN s.stakind2 = 1 THEN s.stanumbers2 WHEN s.stakind3 = 1 THEN s.stanumbers3 WHEN s.stakind4 = 1 THEN s.stanumbers4 WHEN s.stakind5 = 1 THEN s.stanumbers5 END AS most_common_freqs,
    CASE WHEN s.stakind1 = 2 THEN s.stavalues1 WHEN s.stakind2 = 2 THEN s.stavalues2 WHEN s.stakind3 = 2 THEN s.stavalues3 WHEN s.stakind4 = 2 THEN s.stavalues4 WHEN s.stakind5 = 2 THEN s.stavalues5 END AS histogram_bounds,
    CASE WHEN s.stakind1 = 3 THEN s.stanumbers1[1] WHEN s.stakind2 = 3 THEN s.stanumbers2[1] WHEN s.stakind3 = 3 THEN s.stanumbers3[1] WHEN s.stakind4 = 3 THEN s.stanumbers4[1] WHEN s.stakind5 = 3 THEN s.stanumbers5[1] END AS correlation,
    CASE WHEN s.stakind1 = 4 THEN s.stavalues1 WHEN s.stakind2 = 4 THEN s.stavalues2 WHEN s.stakind3 = 4 THEN s.stavalues3 WHEN s.stakind4 = 4 THEN s.stavalues4 WHEN s.stakind5 = 4 THEN s.stavalues5 END AS most_common_elems,
    CASE WHEN s.stakind1 = 4 THEN s.stanumbers1 WHEN s.stakind2 = 4 THEN s.stanumbers2 WHEN s.stakind3 = 4 THEN s.stanumbers3 WHEN s.stakind4 = 4 THEN s.stanumbers4 WHEN s.stakind5 = 4 THEN s.stanumbers5 END AS most_common_elem_freqs,
    CASE WHEN s.stakind1 = 5 THEN s.stanumbers1 WHEN s.stakind2 = 5 THEN s.stanumbers2 WHEN s.stakind3 = 5 THEN s.stanumbers3 WHEN s.stakind4 = 5 THEN s.stanumbers4 WHEN s.stakind5 = 5 THEN s.stanumbers5 END AS elem_count_histogram,
    CASE WHEN s.stakind1 = 6 THEN s.stavalues1 WHEN s.stakind2 = 6 THEN s.stavalues2 WHEN s.stakind3 = 6 THEN s.stavalues3 WHEN s.stakind4 = 6 THEN s.stavalues4 WHEN s.stakind5 = 6 THEN s.stavalues5 END AS range_length_histogram,
    CASE WHEN s.stakind1 = 6 THEN s.stanumbers1[1] WHEN s.stakind2 = 6 THEN s.stanumbers2[1] WHEN s.stakind3 = 6 THEN s.stanumbers3[1] WHEN s.stakind4 = 6 THEN s.stanumbers4[1] WHEN s.stakind5 = 6 THEN s.stanumbers5[1] END AS range_empty_frac,
    CASE WHEN s.stakind1 = 7 THEN s.stavalues1 WHEN s.stakind2 = 7 THEN s.stavalues2 WHEN s.stakind3 = 7 THEN s.stavalues3 WHEN s.stakind4 = 7 THEN s.stavalues4 WHEN s.stakind5 = 7 THEN s.stavalues5 END AS range_bounds_histogram
FROM pg_statistic AS s
JOIN pg_class AS c ON c.oid = s.starelid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = s.staattnum
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'select')
  AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

-- view: pg_stats_ext
SELECT
    cn.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
    s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner,
    (SELECT array_agg(a.attname ORDER BY a.attnum)
     FROM unnest(s.stxkeys) AS k(num)
     JOIN pg_attribute AS a ON a.attrelid = s.stxrelid AND a.attnum = k.num) AS attnames,
    pg_get_statisticsobjdef_expressions(s.oid) AS exprs, s.stxkind AS kinds, sd.stxdinherit AS inherited,
    sd.stxdndistinct AS n_distinct, sd.stxddependencies AS dependencies,
    m.most_common_vals, m.most_common_val_nulls, m.most_common_freqs, m.most_common_base_freqs
FROM pg_statistic_ext AS s
JOIN pg_class AS c ON c.oid = s.stxrelid
JOIN pg_statistic_ext_data AS sd ON sd.stxoid = s.oid
LEFT JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
LEFT JOIN pg_namespace AS sn ON sn.oid = s.stxnamespace
LEFT JOIN LATERAL (
    SELECT array_agg(i.values) AS most_common_vals, array_agg(i.nulls) AS most_common_val_nulls,
           array_agg(i.frequency) AS most_common_freqs, array_agg(i.base_frequency) AS most_common_base_freqs
    FROM pg_mcv_list_items(sd.stxdmcv) AS i
) AS m ON sd.stxdmcv IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

-- view: pg_stats_ext_exprs
SELECT
    cn.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
    s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner,
    e.expr, sd.stxdinherit AS inherited,
    (e.stat).stanullfrac AS null_frac, (e.stat).stawidth AS avg_width, (e.stat).stadistinct AS n_distinct,
    CASE WHEN (e.stat).stakind1 = 1 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 = 1 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 = 1 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 = 1 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 = 1 THEN (e.stat).stavalues5 END AS most_common_vals,
    CASE WHEN (e.stat).stakind1 = 1 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 = 1 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 = 1 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 = 1 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 = 1 THEN (e.stat).stanumbers5 END AS most_common_freqs,
    CASE WHEN (e.stat).stakind1 = 2 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 = 2 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 = 2 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 = 2 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 = 2 THEN (e.stat).stavalues5 END AS histogram_bounds,
    CASE WHEN (e.stat).stakind1 = 3 THEN (e.stat).stanumbers1[1] WHEN (e.stat).stakind2 = 3 THEN (e.stat).stanumbers2[1] WHEN (e.stat).stakind3 = 3 THEN (e.stat).stanumbers3[1] WHEN (e.stat).stakind4 = 3 THEN (e.stat).stanumbers4[1] WHEN (e.stat).stakind5 = 3 THEN (e.stat).stanumbers5[1] END AS correlation,
    CASE WHEN (e.stat).stakind1 = 4 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 = 4 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 = 4 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 = 4 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 = 4 THEN (e.stat).stavalues5 END AS most_common_elems,
    CASE WHEN (e.stat).stakind1 = 4 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 = 4 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 = 4 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 = 4 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 = 4 THEN (e.stat).stanumbers5 END AS most_common_elem_freqs,
    CASE WHEN (e.stat).stakind1 = 5 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 = 5 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 = 5 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 = 5 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 = 5 THEN (e.stat).stanumbers5 END AS elem_count_histogram
FROM pg_statistic_ext AS s
JOIN pg_class AS c ON c.oid = s.stxrelid
LEFT JOIN pg_statistic_ext_data AS sd ON sd.stxoid = s.oid
LEFT JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
LEFT JOIN pg_namespace AS sn ON sn.oid = s.stxnamespace
JOIN LATERAL (
    SELECT unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS expr, unnest(sd.stxdexpr) AS stat
) AS e ON e.expr IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

-- view: pg_tables
SELECT
    n.nspname AS schemaname, c.relname AS tablename, pg_get_userbyid(c.relowner) AS tableowner,
    t.spcname AS tablespace, c.relhasindex AS hasindexes, c.relhasrules AS hasrules,
    c.relhastriggers AS hastriggers, c.relrowsecurity AS rowsecurity
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p');

-- view: pg_timezone_abbrevs
SELECT z.abbrev, z.utc_offset, z.is_dst FROM pg_timezone_abbrevs_zone() AS z
UNION ALL
SELECT a.abbrev, a.utc_offset, a.is_dst FROM pg_timezone_abbrevs_abbrevs() AS a
WHERE NOT EXISTS (SELECT 1 FROM pg_timezone_abbrevs_zone() AS z WHERE z.abbrev = a.abbrev);

-- view: pg_timezone_names
SELECT
    f.name,
    f.abbrev,
    f.utc_offset,
    f.is_dst
FROM pg_timezone_names() AS f;

-- view: pg_user
SELECT
    usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, '********'::text AS passwd, valuntil, useconfig
FROM pg_shadow;

-- view: pg_user_mappings
SELECT
    u.oid AS umid, s.oid AS srvid, s.srvname, u.umuser,
    CASE WHEN u.umuser = 0 THEN 'public'::name ELSE a.rolname END AS usename,
    CASE WHEN (u.umuser <> 0 AND a.rolname = CURRENT_USER AND
               (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')))
           OR (u.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE'))
           OR (SELECT r.rolsuper FROM pg_authid AS r WHERE r.rolname = CURRENT_USER)
         THEN u.umoptions END AS umoptions
FROM pg_user_mapping AS u
JOIN pg_foreign_server AS s ON s.oid = u.umserver
LEFT JOIN pg_authid AS a ON a.oid = u.umuser;

-- view: pg_views
SELECT
    n.nspname AS schemaname, c.relname AS viewname, pg_get_userbyid(c.relowner) AS viewowner,
    pg_get_viewdef(c.oid) AS definition
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'v';

-- view: pg_wait_events
SELECT
    f.type,
    f.name,
    f.description
FROM pg_get_wait_events() AS f;
