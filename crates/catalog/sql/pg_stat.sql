-- Statistics views of pg_catalog.
-- One query after each line that names its view; search_path is pg_catalog.

-- view: pg_stat_activity
SELECT
    s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, u.rolname AS usename, s.application_name, s.client_addr,
    s.client_hostname, s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change,
    s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, s.query_id, s.query, s.backend_type
FROM pg_stat_get_activity(NULL) AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid
LEFT JOIN pg_authid AS u ON u.oid = s.usesysid;

-- view: pg_stat_all_indexes
SELECT
    c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname, i.relname AS indexrelname,
    pg_stat_get_numscans(i.oid) AS idx_scan, pg_stat_get_lastscan(i.oid) AS last_idx_scan,
    pg_stat_get_tuples_returned(i.oid) AS idx_tup_read, pg_stat_get_tuples_fetched(i.oid) AS idx_tup_fetch
FROM pg_index AS x
JOIN pg_class AS c ON c.oid = x.indrelid
JOIN pg_class AS i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

-- view: pg_stat_all_tables
SELECT
    c.oid AS relid, n.nspname AS schemaname, c.relname,
    pg_stat_get_numscans(c.oid) AS seq_scan, pg_stat_get_lastscan(c.oid) AS last_seq_scan,
    pg_stat_get_tuples_returned(c.oid) AS seq_tup_read,
    i.idx_scan, i.last_idx_scan,
    i.idx_tup_fetch + pg_stat_get_tuples_fetched(c.oid) AS idx_tup_fetch,
    pg_stat_get_tuples_inserted(c.oid) AS n_tup_ins, pg_stat_get_tuples_updated(c.oid) AS n_tup_upd,
    pg_stat_get_tuples_deleted(c.oid) AS n_tup_del, pg_stat_get_tuples_hot_updated(c.oid) AS n_tup_hot_upd,
    pg_stat_get_tuples_newpage_updated(c.oid) AS n_tup_newpage_upd,
    pg_stat_get_live_tuples(c.oid) AS n_live_tup, pg_stat_get_dead_tuples(c.oid) AS n_dead_tup,
    pg_stat_get_mod_since_analyze(c.oid) AS n_mod_since_analyze,
    pg_stat_get_ins_since_vacuum(c.oid) AS n_ins_since_vacuum,
    pg_stat_get_last_vacuum_time(c.oid) AS last_vacuum, pg_stat_get_last_autovacuum_time(c.oid) AS last_autovacuum,
    pg_stat_get_last_analyze_time(c.oid) AS last_analyze, pg_stat_get_last_autoanalyze_time(c.oid) AS last_autoanalyze,
    pg_stat_get_vacuum_count(c.oid) AS vacuum_count, pg_stat_get_autovacuum_count(c.oid) AS autovacuum_count,
    pg_stat_get_analyze_count(c.oid) AS analyze_count, pg_stat_get_autoanalyze_count(c.oid) AS autoanalyze_count,
    pg_stat_get_total_vacuum_time(c.oid) AS total_vacuum_time,
    pg_stat_get_total_autovacuum_time(c.oid) AS total_autovacuum_time,
    pg_stat_get_total_analyze_time(c.oid) AS total_analyze_time,
    pg_stat_get_total_autoanalyze_time(c.oid) AS total_autoanalyze_time
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_numscans(x.indexrelid))::bigint AS idx_scan,
           max(pg_stat_get_lastscan(x.indexrelid)) AS last_idx_scan,
           sum(pg_stat_get_tuples_fetched(x.indexrelid))::bigint AS idx_tup_fetch
    FROM pg_index AS x WHERE x.indrelid = c.oid
) AS i ON true
WHERE c.relkind IN ('r', 't', 'm', 'p');

-- view: pg_stat_archiver
SELECT
    f.archived_count,
    f.last_archived_wal,
    f.last_archived_time,
    f.failed_count,
    f.last_failed_wal,
    f.last_failed_time,
    f.stats_reset
FROM pg_stat_get_archiver() AS f;

-- view: pg_stat_bgwriter
SELECT
    pg_stat_get_bgwriter_buf_written_clean() AS buffers_clean,
    pg_stat_get_bgwriter_maxwritten_clean() AS maxwritten_clean, pg_stat_get_buf_alloc() AS buffers_alloc,
    pg_stat_get_bgwriter_stat_reset_time() AS stats_reset;

-- view: pg_stat_checkpointer
SELECT
    pg_stat_get_checkpointer_num_timed() AS num_timed, pg_stat_get_checkpointer_num_requested() AS num_requested, pg_stat_get_checkpointer_num_performed() AS num_done,
    pg_stat_get_checkpointer_restartpoints_timed() AS restartpoints_timed, pg_stat_get_checkpointer_restartpoints_requested() AS restartpoints_req,
    pg_stat_get_checkpointer_restartpoints_performed() AS restartpoints_done, pg_stat_get_checkpointer_write_time() AS write_time, pg_stat_get_checkpointer_sync_time() AS sync_time,
    pg_stat_get_checkpointer_buffers_written() AS buffers_written, pg_stat_get_checkpointer_slru_written() AS slru_written,
    pg_stat_get_checkpointer_stat_reset_time() AS stats_reset;

-- view: pg_stat_database
SELECT
    d.oid AS datid, d.datname,
    CASE WHEN d.oid = 0 THEN 0 ELSE pg_stat_get_db_numbackends(d.oid) END AS numbackends,
    pg_stat_get_db_xact_commit(d.oid) AS xact_commit, pg_stat_get_db_xact_rollback(d.oid) AS xact_rollback,
    pg_stat_get_db_blocks_fetched(d.oid) - pg_stat_get_db_blocks_hit(d.oid) AS blks_read, pg_stat_get_db_blocks_hit(d.oid) AS blks_hit,
    pg_stat_get_db_tuples_returned(d.oid) AS tup_returned, pg_stat_get_db_tuples_fetched(d.oid) AS tup_fetched,
    pg_stat_get_db_tuples_inserted(d.oid) AS tup_inserted, pg_stat_get_db_tuples_updated(d.oid) AS tup_updated,
    pg_stat_get_db_tuples_deleted(d.oid) AS tup_deleted, pg_stat_get_db_conflict_all(d.oid) AS conflicts,
    pg_stat_get_db_temp_files(d.oid) AS temp_files, pg_stat_get_db_temp_bytes(d.oid) AS temp_bytes, pg_stat_get_db_deadlocks(d.oid) AS deadlocks,
    pg_stat_get_db_checksum_failures(d.oid) AS checksum_failures,
    pg_stat_get_db_checksum_last_failure(d.oid) AS checksum_last_failure,
    pg_stat_get_db_blk_read_time(d.oid) AS blk_read_time, pg_stat_get_db_blk_write_time(d.oid) AS blk_write_time,
    pg_stat_get_db_session_time(d.oid) AS session_time, pg_stat_get_db_active_time(d.oid) AS active_time,
    pg_stat_get_db_idle_in_transaction_time(d.oid) AS idle_in_transaction_time, pg_stat_get_db_sessions(d.oid) AS sessions,
    pg_stat_get_db_sessions_abandoned(d.oid) AS sessions_abandoned, pg_stat_get_db_sessions_fatal(d.oid) AS sessions_fatal,
    pg_stat_get_db_sessions_killed(d.oid) AS sessions_killed,
    pg_stat_get_db_parallel_workers_to_launch(d.oid) AS parallel_workers_to_launch,
    pg_stat_get_db_parallel_workers_launched(d.oid) AS parallel_workers_launched,
    pg_stat_get_db_stat_reset_time(d.oid) AS stats_reset
FROM (SELECT 0::oid AS oid, NULL::name AS datname UNION ALL SELECT oid, datname FROM pg_database) AS d;

-- view: pg_stat_database_conflicts
SELECT
    d.oid AS datid, d.datname, pg_stat_get_db_conflict_tablespace(d.oid) AS confl_tablespace,
    pg_stat_get_db_conflict_lock(d.oid) AS confl_lock, pg_stat_get_db_conflict_snapshot(d.oid) AS confl_snapshot,
    pg_stat_get_db_conflict_bufferpin(d.oid) AS confl_bufferpin,
    pg_stat_get_db_conflict_startup_deadlock(d.oid) AS confl_deadlock,
    pg_stat_get_db_conflict_logicalslot(d.oid) AS confl_active_logicalslot
FROM pg_database AS d;

-- view: pg_stat_gssapi
SELECT
    s.pid, s.gss_auth AS gss_authenticated, s.gss_princ AS principal, s.gss_enc AS encrypted,
    s.gss_delegation AS credentials_delegated
FROM pg_stat_get_activity(NULL) AS s
WHERE s.client_port IS NOT NULL;

-- view: pg_stat_io
SELECT
    f.backend_type,
    f.object,
    f.context,
    f.reads,
    f.read_bytes,
    f.read_time,
    f.writes,
    f.write_bytes,
    f.write_time,
    f.writebacks,
    f.writeback_time,
    f.extends,
    f.extend_bytes,
    f.extend_time,
    f.hits,
    f.evictions,
    f.reuses,
    f.fsyncs,
    f.fsync_time,
    f.stats_reset
FROM pg_stat_get_io() AS f;

-- view: pg_stat_progress_analyze
SELECT
    s.pid, s.datid, d.datname, s.relid,
    CASE s.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'acquiring sample rows' WHEN 2 THEN 'acquiring inherited sample rows' WHEN 3 THEN 'computing statistics' WHEN 4 THEN 'computing extended statistics' WHEN 5 THEN 'finalizing analyze' END AS phase,
    s.param2 AS sample_blks_total, s.param3 AS sample_blks_scanned, s.param4 AS ext_stats_total,
    s.param5 AS ext_stats_computed, s.param6 AS child_tables_total, s.param7 AS child_tables_done,
    s.param8::oid AS current_child_table_relid, s.param9::double precision / 1000000::double precision AS delay_time
FROM pg_stat_get_progress_info('ANALYZE') AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid;

-- view: pg_stat_progress_basebackup
SELECT
    s.pid,
    CASE s.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for checkpoint to finish' WHEN 2 THEN 'estimating backup size' WHEN 3 THEN 'streaming database files' WHEN 4 THEN 'waiting for wal archiving to finish' WHEN 5 THEN 'transferring wal files' END AS phase,
    CASE s.param2 WHEN -1 THEN NULL ELSE s.param2 END AS backup_total, s.param3 AS backup_streamed,
    s.param4 AS tablespaces_total, s.param5 AS tablespaces_streamed
FROM pg_stat_get_progress_info('BASEBACKUP') AS s;

-- view: pg_stat_progress_cluster
SELECT
    s.pid, s.datid, d.datname, s.relid,
    CASE s.param1 WHEN 1 THEN 'CLUSTER' WHEN 2 THEN 'VACUUM FULL' END AS command,
    CASE s.param2 WHEN 0 THEN 'initializing' WHEN 1 THEN 'seq scanning heap' WHEN 2 THEN 'index scanning heap' WHEN 3 THEN 'sorting tuples' WHEN 4 THEN 'writing new heap' WHEN 5 THEN 'swapping relation files' WHEN 6 THEN 'rebuilding index' WHEN 7 THEN 'performing final cleanup' END AS phase,
    s.param3::oid AS cluster_index_relid, s.param4 AS heap_tuples_scanned, s.param5 AS heap_tuples_written,
    s.param6 AS heap_blks_total, s.param7 AS heap_blks_scanned, s.param8 AS index_rebuild_count
FROM pg_stat_get_progress_info('CLUSTER') AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid;

-- view: pg_stat_progress_copy
SELECT
    s.pid, s.datid, d.datname, s.relid,
    CASE s.param5 WHEN 1 THEN 'COPY FROM' WHEN 2 THEN 'COPY TO' END AS command,
    CASE s.param6 WHEN 1 THEN 'FILE' WHEN 2 THEN 'PROGRAM' WHEN 3 THEN 'PIPE' WHEN 4 THEN 'CALLBACK' END AS type,
    s.param1 AS bytes_processed, s.param2 AS bytes_total, s.param3 AS tuples_processed, s.param4 AS tuples_excluded,
    s.param7 AS tuples_skipped
FROM pg_stat_get_progress_info('COPY') AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid;

-- view: pg_stat_progress_create_index
SELECT
    s.pid, s.datid, d.datname, s.relid,
    s.param7::oid AS index_relid,
    CASE s.param1 WHEN 1 THEN 'CREATE INDEX' WHEN 2 THEN 'CREATE INDEX CONCURRENTLY' WHEN 3 THEN 'REINDEX'
         WHEN 4 THEN 'REINDEX CONCURRENTLY' END AS command,
    CASE s.param10 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for writers before build'
         WHEN 2 THEN 'building index' || coalesce(': ' || pg_indexam_progress_phasename(s.param9::oid, s.param11), '')
         WHEN 3 THEN 'waiting for writers before validation' WHEN 4 THEN 'index validation: scanning index'
         WHEN 5 THEN 'index validation: sorting tuples' WHEN 6 THEN 'index validation: scanning table'
         WHEN 7 THEN 'waiting for old snapshots' WHEN 8 THEN 'waiting for readers before marking dead'
         WHEN 9 THEN 'waiting for readers before dropping' END AS phase,
    s.param4 AS lockers_total, s.param5 AS lockers_done, s.param6 AS current_locker_pid, s.param16 AS blocks_total,
    s.param17 AS blocks_done, s.param12 AS tuples_total, s.param13 AS tuples_done, s.param14 AS partitions_total,
    s.param15 AS partitions_done
FROM pg_stat_get_progress_info('CREATE INDEX') AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid;

-- view: pg_stat_progress_vacuum
SELECT
    s.pid, s.datid, d.datname, s.relid,
    CASE s.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'scanning heap' WHEN 2 THEN 'vacuuming indexes' WHEN 3 THEN 'vacuuming heap' WHEN 4 THEN 'cleaning up indexes' WHEN 5 THEN 'truncating heap' WHEN 6 THEN 'performing final cleanup' END AS phase,
    s.param2 AS heap_blks_total, s.param3 AS heap_blks_scanned, s.param4 AS heap_blks_vacuumed,
    s.param5 AS index_vacuum_count, s.param6 AS max_dead_tuple_bytes, s.param7 AS dead_tuple_bytes,
    s.param8 AS num_dead_item_ids, s.param9 AS indexes_total, s.param10 AS indexes_processed,
    s.param11::double precision / 1000000::double precision AS delay_time
FROM pg_stat_get_progress_info('VACUUM') AS s
LEFT JOIN pg_database AS d ON d.oid = s.datid;

-- view: pg_stat_recovery_prefetch
SELECT
    f.stats_reset,
    f.prefetch,
    f.hit,
    f.skip_init,
    f.skip_new,
    f.skip_fpw,
    f.skip_rep,
    f.wal_distance,
    f.block_distance,
    f.io_depth
FROM pg_stat_get_recovery_prefetch() AS f;

-- view: pg_stat_replication
SELECT
    s.pid, s.usesysid, u.rolname AS usename, s.application_name, s.client_addr, s.client_hostname, s.client_port,
    s.backend_start, s.backend_xmin, w.state, w.sent_lsn, w.write_lsn, w.flush_lsn, w.replay_lsn, w.write_lag,
    w.flush_lag, w.replay_lag, w.sync_priority, w.sync_state, w.reply_time
FROM pg_stat_get_activity(NULL) AS s
JOIN pg_stat_get_wal_senders() AS w ON w.pid = s.pid
LEFT JOIN pg_authid AS u ON u.oid = s.usesysid;

-- view: pg_stat_replication_slots
SELECT
    f.slot_name, f.spill_txns, f.spill_count, f.spill_bytes, f.stream_txns, f.stream_count, f.stream_bytes,
    f.total_txns, f.total_bytes, f.stats_reset
FROM pg_replication_slots AS r
CROSS JOIN LATERAL pg_stat_get_replication_slot(r.slot_name::text) AS f
WHERE r.datoid IS NOT NULL;

-- view: pg_stat_slru
SELECT
    f.name,
    f.blks_zeroed,
    f.blks_hit,
    f.blks_read,
    f.blks_written,
    f.blks_exists,
    f.flushes,
    f.truncates,
    f.stats_reset
FROM pg_stat_get_slru() AS f;

-- view: pg_stat_ssl
SELECT
    s.pid, s.ssl, s.sslversion AS version, s.sslcipher AS cipher, s.sslbits AS bits, s.ssl_client_dn AS client_dn,
    s.ssl_client_serial AS client_serial, s.ssl_issuer_dn AS issuer_dn
FROM pg_stat_get_activity(NULL) AS s
WHERE s.client_port IS NOT NULL;

-- view: pg_stat_subscription
SELECT
    su.oid AS subid, su.subname, st.worker_type, st.pid, st.leader_pid, st.relid, st.received_lsn,
    st.last_msg_send_time, st.last_msg_receipt_time, st.latest_end_lsn, st.latest_end_time
FROM pg_subscription AS su
LEFT JOIN pg_stat_get_subscription(NULL) AS st ON st.subid = su.oid;

-- view: pg_stat_subscription_stats
SELECT
    s.oid AS subid, s.subname, f.apply_error_count, f.sync_error_count, f.confl_insert_exists, f.confl_update_origin_differs, f.confl_update_exists, f.confl_update_missing, f.confl_delete_origin_differs, f.confl_delete_missing, f.confl_multiple_unique_conflicts, f.stats_reset
FROM pg_subscription AS s
CROSS JOIN LATERAL pg_stat_get_subscription_stats(s.oid) AS f;

-- view: pg_stat_sys_indexes
SELECT
    relid, indexrelid, schemaname, relname, indexrelname, idx_scan, last_idx_scan, idx_tup_read,
    idx_tup_fetch
FROM pg_stat_all_indexes
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_stat_sys_tables
SELECT
    relid, schemaname, relname, seq_scan, last_seq_scan, seq_tup_read, idx_scan, last_idx_scan,
    idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_tup_newpage_upd, n_live_tup,
    n_dead_tup, n_mod_since_analyze, n_ins_since_vacuum, last_vacuum, last_autovacuum, last_analyze,
    last_autoanalyze, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count, total_vacuum_time,
    total_autovacuum_time, total_analyze_time, total_autoanalyze_time
FROM pg_stat_all_tables
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_stat_user_functions
SELECT
    p.oid AS funcid, n.nspname AS schemaname, p.proname AS funcname,
    pg_stat_get_function_calls(p.oid) AS calls, pg_stat_get_function_total_time(p.oid) AS total_time,
    pg_stat_get_function_self_time(p.oid) AS self_time
FROM pg_proc AS p
LEFT JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.prolang <> 12 AND pg_stat_get_function_calls(p.oid) IS NOT NULL;

-- view: pg_stat_user_indexes
SELECT
    relid, indexrelid, schemaname, relname, indexrelname, idx_scan, last_idx_scan, idx_tup_read,
    idx_tup_fetch
FROM pg_stat_all_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

-- view: pg_stat_user_tables
SELECT
    relid, schemaname, relname, seq_scan, last_seq_scan, seq_tup_read, idx_scan, last_idx_scan,
    idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_tup_newpage_upd, n_live_tup,
    n_dead_tup, n_mod_since_analyze, n_ins_since_vacuum, last_vacuum, last_autovacuum, last_analyze,
    last_autoanalyze, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count, total_vacuum_time,
    total_autovacuum_time, total_analyze_time, total_autoanalyze_time
FROM pg_stat_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

-- view: pg_stat_wal
SELECT
    f.wal_records,
    f.wal_fpi,
    f.wal_bytes,
    f.wal_buffers_full,
    f.stats_reset
FROM pg_stat_get_wal() AS f;

-- view: pg_stat_wal_receiver
SELECT
    f.pid,
    f.status,
    f.receive_start_lsn,
    f.receive_start_tli,
    f.written_lsn,
    f.flushed_lsn,
    f.received_tli,
    f.last_msg_send_time,
    f.last_msg_receipt_time,
    f.latest_end_lsn,
    f.latest_end_time,
    f.slot_name,
    f.sender_host,
    f.sender_port,
    f.conninfo
FROM pg_stat_get_wal_receiver() AS f
WHERE f.pid IS NOT NULL;

-- view: pg_stat_xact_all_tables
SELECT
    c.oid AS relid, n.nspname AS schemaname, c.relname,
    pg_stat_get_xact_numscans(c.oid) AS seq_scan, pg_stat_get_xact_tuples_returned(c.oid) AS seq_tup_read,
    i.idx_scan, i.idx_tup_fetch + pg_stat_get_xact_tuples_fetched(c.oid) AS idx_tup_fetch,
    pg_stat_get_xact_tuples_inserted(c.oid) AS n_tup_ins, pg_stat_get_xact_tuples_updated(c.oid) AS n_tup_upd,
    pg_stat_get_xact_tuples_deleted(c.oid) AS n_tup_del,
    pg_stat_get_xact_tuples_hot_updated(c.oid) AS n_tup_hot_upd,
    pg_stat_get_xact_tuples_newpage_updated(c.oid) AS n_tup_newpage_upd
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_xact_numscans(x.indexrelid))::bigint AS idx_scan,
           sum(pg_stat_get_xact_tuples_fetched(x.indexrelid))::bigint AS idx_tup_fetch
    FROM pg_index AS x WHERE x.indrelid = c.oid
) AS i ON true
WHERE c.relkind IN ('r', 't', 'm', 'p');

-- view: pg_stat_xact_sys_tables
SELECT
    relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd,
    n_tup_del, n_tup_hot_upd, n_tup_newpage_upd
FROM pg_stat_xact_all_tables
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_stat_xact_user_functions
SELECT
    p.oid AS funcid, n.nspname AS schemaname, p.proname AS funcname,
    pg_stat_get_xact_function_calls(p.oid) AS calls, pg_stat_get_xact_function_total_time(p.oid) AS total_time,
    pg_stat_get_xact_function_self_time(p.oid) AS self_time
FROM pg_proc AS p
LEFT JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.prolang <> 12 AND pg_stat_get_xact_function_calls(p.oid) IS NOT NULL;

-- view: pg_stat_xact_user_tables
SELECT
    relid, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd,
    n_tup_del, n_tup_hot_upd, n_tup_newpage_upd
FROM pg_stat_xact_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

-- view: pg_statio_all_indexes
SELECT
    c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname, i.relname AS indexrelname,
    pg_stat_get_blocks_fetched(i.oid) - pg_stat_get_blocks_hit(i.oid) AS idx_blks_read,
    pg_stat_get_blocks_hit(i.oid) AS idx_blks_hit
FROM pg_index AS x
JOIN pg_class AS c ON c.oid = x.indrelid
JOIN pg_class AS i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

-- view: pg_statio_all_sequences
SELECT
    c.oid AS relid, n.nspname AS schemaname, c.relname,
    pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS blks_read,
    pg_stat_get_blocks_hit(c.oid) AS blks_hit
FROM pg_class AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'S';

-- view: pg_statio_all_tables
SELECT
    c.oid AS relid, n.nspname AS schemaname, c.relname,
    pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS heap_blks_read,
    pg_stat_get_blocks_hit(c.oid) AS heap_blks_hit, i.idx_blks_read, i.idx_blks_hit,
    pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid) AS toast_blks_read,
    pg_stat_get_blocks_hit(t.oid) AS toast_blks_hit, ti.tidx_blks_read, ti.tidx_blks_hit
FROM pg_class AS c
LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(x.indexrelid) - pg_stat_get_blocks_hit(x.indexrelid))::bigint AS idx_blks_read,
           sum(pg_stat_get_blocks_hit(x.indexrelid))::bigint AS idx_blks_hit
    FROM pg_index AS x WHERE x.indrelid = c.oid
) AS i ON true
LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(x.indexrelid) - pg_stat_get_blocks_hit(x.indexrelid))::bigint AS tidx_blks_read,
           sum(pg_stat_get_blocks_hit(x.indexrelid))::bigint AS tidx_blks_hit
    FROM pg_index AS x WHERE x.indrelid = t.oid
) AS ti ON true
WHERE c.relkind IN ('r', 't', 'm');

-- view: pg_statio_sys_indexes
SELECT
    relid, indexrelid, schemaname, relname, indexrelname, idx_blks_read, idx_blks_hit
FROM pg_statio_all_indexes
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_statio_sys_sequences
SELECT
    relid, schemaname, relname, blks_read, blks_hit
FROM pg_statio_all_sequences
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_statio_sys_tables
SELECT
    relid, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read,
    toast_blks_hit, tidx_blks_read, tidx_blks_hit
FROM pg_statio_all_tables
WHERE (schemaname IN ('pg_catalog', 'information_schema') OR schemaname ~ '^pg_toast');

-- view: pg_statio_user_indexes
SELECT
    relid, indexrelid, schemaname, relname, indexrelname, idx_blks_read, idx_blks_hit
FROM pg_statio_all_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

-- view: pg_statio_user_sequences
SELECT
    relid, schemaname, relname, blks_read, blks_hit
FROM pg_statio_all_sequences
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';

-- view: pg_statio_user_tables
SELECT
    relid, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read,
    toast_blks_hit, tidx_blks_read, tidx_blks_hit
FROM pg_statio_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_toast';
