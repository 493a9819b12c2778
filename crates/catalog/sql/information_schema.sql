-- Views of information_schema over the catalogs.
-- One query after each line that names its view; search_path is pg_catalog.

-- view: _pg_foreign_data_wrappers
SELECT
    w.oid AS oid,
    w.fdwowner AS fdwowner,
    w.fdwoptions AS fdwoptions,
    (current_database())::information_schema.sql_identifier AS foreign_data_wrapper_catalog,
    w.fdwname::information_schema.sql_identifier AS foreign_data_wrapper_name,
    u.rolname::information_schema.sql_identifier AS authorization_identifier,
    ('c')::information_schema.character_data AS foreign_data_wrapper_language
FROM pg_foreign_data_wrapper AS w
JOIN pg_authid AS u ON u.oid = w.fdwowner
WHERE pg_has_role(w.fdwowner, 'USAGE') OR has_foreign_data_wrapper_privilege(w.oid, 'USAGE');

-- view: _pg_foreign_servers
SELECT
    s.oid AS oid,
    s.srvoptions AS srvoptions,
    (current_database())::information_schema.sql_identifier AS foreign_server_catalog,
    s.srvname::information_schema.sql_identifier AS foreign_server_name,
    (current_database())::information_schema.sql_identifier AS foreign_data_wrapper_catalog,
    w.fdwname::information_schema.sql_identifier AS foreign_data_wrapper_name,
    s.srvtype::information_schema.character_data AS foreign_server_type,
    s.srvversion::information_schema.character_data AS foreign_server_version,
    u.rolname::information_schema.sql_identifier AS authorization_identifier
FROM pg_foreign_server AS s
JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
JOIN pg_authid AS u ON u.oid = s.srvowner
WHERE pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE');

-- view: _pg_foreign_table_columns
SELECT
    n.nspname AS nspname,
    c.relname AS relname,
    a.attname AS attname,
    a.attfdwoptions AS attfdwoptions
FROM pg_foreign_table AS t
JOIN pg_class AS c ON c.oid = t.ftrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES');

-- view: _pg_foreign_tables
SELECT
    (current_database())::information_schema.sql_identifier AS foreign_table_catalog,
    n.nspname::information_schema.sql_identifier AS foreign_table_schema,
    c.relname::information_schema.sql_identifier AS foreign_table_name,
    t.ftoptions AS ftoptions,
    (current_database())::information_schema.sql_identifier AS foreign_server_catalog,
    s.srvname::information_schema.sql_identifier AS foreign_server_name,
    u.rolname::information_schema.sql_identifier AS authorization_identifier
FROM pg_foreign_table AS t
JOIN pg_class AS c ON c.oid = t.ftrelid AND c.relkind = 'f'
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_foreign_server AS s ON s.oid = t.ftserver
JOIN pg_authid AS u ON u.oid = c.relowner
WHERE pg_has_role(c.relowner, 'USAGE')
   OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
   OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES');

-- view: _pg_user_mappings
SELECT
    m.oid AS oid,
    m.umoptions AS umoptions,
    m.umuser AS umuser,
    (coalesce(u.rolname, 'PUBLIC'))::information_schema.sql_identifier AS authorization_identifier,
    s.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    s.foreign_server_name::information_schema.sql_identifier AS foreign_server_name,
    s.authorization_identifier::information_schema.sql_identifier AS srvowner
FROM pg_user_mapping AS m
LEFT JOIN pg_authid AS u ON u.oid = m.umuser
JOIN information_schema._pg_foreign_servers AS s ON s.oid = m.umserver;

-- view: administrable_role_authorizations
SELECT grantee, role_name, is_grantable FROM information_schema.applicable_roles WHERE is_grantable = 'YES'::text;

-- view: applicable_roles
SELECT
    a.rolname::information_schema.sql_identifier AS grantee,
    b.rolname::information_schema.sql_identifier AS role_name,
    (CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT x.member, x.roleid, x.admin_option FROM pg_auth_members AS x
    UNION
    SELECT d.datdba, r.oid, false
    FROM pg_database AS d, pg_authid AS r
    WHERE d.datname = current_database() AND r.rolname = 'pg_database_owner'
) AS m
JOIN pg_authid AS a ON a.oid = m.member
JOIN pg_authid AS b ON b.oid = m.roleid
WHERE pg_has_role(a.oid, 'USAGE');

-- view: attributes
SELECT
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nc.nspname::information_schema.sql_identifier AS udt_schema,
    c.relname::information_schema.sql_identifier AS udt_name,
    a.attname::information_schema.sql_identifier AS attribute_name,
    a.attnum::information_schema.cardinal_number AS ordinal_position,
    (pg_get_expr(d.adbin, d.adrelid))::information_schema.character_data AS attribute_default,
    (CASE WHEN NOT a.attnotnull AND NOT (t.typtype = 'd' AND t.typnotnull) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_nullable,
    (CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END)::information_schema.character_data AS data_type,
    (information_schema._pg_char_max_length(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS character_maximum_length,
    (information_schema._pg_char_octet_length(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    (CASE WHEN nco.nspname IS NOT NULL AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default') THEN current_database() END)::information_schema.sql_identifier AS collation_catalog,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN nco.nspname END)::information_schema.sql_identifier AS collation_schema,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN co.collname END)::information_schema.sql_identifier AS collation_name,
    (information_schema._pg_numeric_precision(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_precision,
    (information_schema._pg_numeric_precision_radix(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_precision_radix,
    (information_schema._pg_numeric_scale(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_scale,
    (information_schema._pg_datetime_precision(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS datetime_precision,
    (information_schema._pg_interval_type(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    (current_database())::information_schema.sql_identifier AS attribute_udt_catalog,
    nt.nspname::information_schema.sql_identifier AS attribute_udt_schema,
    t.typname::information_schema.sql_identifier AS attribute_udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    a.attnum::information_schema.sql_identifier AS dtd_identifier,
    ('NO')::information_schema.yes_or_no AS is_derived_reference_attribute
FROM pg_attribute AS a
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN (pg_class AS c JOIN pg_namespace AS nc ON nc.oid = c.relnamespace) ON c.oid = a.attrelid
JOIN (pg_type AS t JOIN pg_namespace AS nt ON nt.oid = t.typnamespace) ON t.oid = a.atttypid
LEFT JOIN (pg_collation AS co JOIN pg_namespace AS nco ON nco.oid = co.collnamespace)
    ON co.oid = a.attcollation AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c'
  AND (pg_has_role(c.relowner, 'USAGE') OR has_type_privilege(c.reltype, 'USAGE'));

-- view: character_sets
SELECT
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    (getdatabaseencoding())::information_schema.sql_identifier AS character_set_name,
    (CASE WHEN getdatabaseencoding() = 'UTF8' THEN 'UCS' ELSE getdatabaseencoding() END)::information_schema.sql_identifier AS character_repertoire,
    (getdatabaseencoding())::information_schema.sql_identifier AS form_of_use,
    (current_database())::information_schema.sql_identifier AS default_collate_catalog,
    nc.nspname::information_schema.sql_identifier AS default_collate_schema,
    c.collname::information_schema.sql_identifier AS default_collate_name
FROM pg_database AS d
LEFT JOIN (pg_collation AS c JOIN pg_namespace AS nc ON nc.oid = c.collnamespace)
    ON c.collcollate = d.datcollate AND c.collctype = d.datctype AND d.datlocprovider = 'c'
WHERE d.datname = current_database()
ORDER BY char_length(c.collname) DESC, c.collname
LIMIT 1;

-- view: check_constraint_routine_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    nc.nspname::information_schema.sql_identifier AS constraint_schema,
    c.conname::information_schema.sql_identifier AS constraint_name,
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name
FROM pg_constraint AS c
JOIN pg_namespace AS nc ON nc.oid = c.connamespace
JOIN pg_depend AS d ON d.objid = c.oid AND d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_proc'::regclass
JOIN pg_proc AS p ON p.oid = d.refobjid
JOIN pg_namespace AS np ON np.oid = p.pronamespace
WHERE c.contype = 'c' AND pg_has_role(p.proowner, 'USAGE');

-- view: check_constraints
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    n.nspname::information_schema.sql_identifier AS constraint_schema,
    c.conname::information_schema.sql_identifier AS constraint_name,
    (pg_get_expr(c.conbin, coalesce(r.oid, 0)))::information_schema.character_data AS check_clause
FROM pg_constraint AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.connamespace
LEFT JOIN pg_class AS r ON r.oid = c.conrelid
LEFT JOIN pg_type AS t ON t.oid = c.contypid
WHERE c.contype = 'c' AND pg_has_role(coalesce(r.relowner, t.typowner), 'USAGE')
UNION ALL
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    n.nspname::information_schema.sql_identifier AS constraint_schema,
    c.conname::information_schema.sql_identifier AS constraint_name,
    (coalesce(a.attname || ' IS NOT NULL', 'VALUE IS NOT NULL'))::information_schema.character_data AS check_clause
FROM pg_constraint AS c
LEFT JOIN pg_namespace AS n ON n.oid = c.connamespace
LEFT JOIN pg_class AS r ON r.oid = c.conrelid
LEFT JOIN pg_type AS t ON t.oid = c.contypid
LEFT JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'n' AND pg_has_role(coalesce(r.relowner, t.typowner), 'USAGE');

-- view: collation_character_set_applicability
SELECT
    (current_database())::information_schema.sql_identifier AS collation_catalog,
    nc.nspname::information_schema.sql_identifier AS collation_schema,
    c.collname::information_schema.sql_identifier AS collation_name,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    (getdatabaseencoding())::information_schema.sql_identifier AS character_set_name
FROM pg_collation AS c
JOIN pg_namespace AS nc ON nc.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database AS d WHERE d.datname = current_database()));

-- view: collations
SELECT
    (current_database())::information_schema.sql_identifier AS collation_catalog,
    nc.nspname::information_schema.sql_identifier AS collation_schema,
    c.collname::information_schema.sql_identifier AS collation_name,
    ('NO PAD')::information_schema.character_data AS pad_attribute
FROM pg_collation AS c
JOIN pg_namespace AS nc ON nc.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database AS d WHERE d.datname = current_database()));

-- view: column_column_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    n.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    ac.attname::information_schema.sql_identifier AS column_name,
    ad.attname::information_schema.sql_identifier AS dependent_column
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_attrdef'::regclass
JOIN pg_attrdef AS f ON f.oid = d.objid AND f.adrelid = c.oid
JOIN pg_attribute AS ac ON ac.attrelid = c.oid AND ac.attnum = d.refobjsubid
JOIN pg_attribute AS ad ON ad.attrelid = c.oid AND ad.attnum = f.adnum
WHERE ad.attgenerated <> '' AND ad.attnum <> ac.attnum AND pg_has_role(c.relowner, 'USAGE');

-- view: column_domain_usage
SELECT
    (current_database())::information_schema.sql_identifier AS domain_catalog,
    nt.nspname::information_schema.sql_identifier AS domain_schema,
    t.typname::information_schema.sql_identifier AS domain_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name
FROM pg_type AS t
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace
JOIN pg_attribute AS a ON a.atttypid = t.oid
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS nc ON nc.oid = c.relnamespace
WHERE t.typtype = 'd' AND c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_has_role(t.typowner, 'USAGE');

-- view: column_options
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    c.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    c.attname::information_schema.sql_identifier AS column_name,
    o.option_name::information_schema.sql_identifier AS option_name,
    o.option_value::information_schema.character_data AS option_value
FROM information_schema._pg_foreign_table_columns AS c
CROSS JOIN LATERAL pg_options_to_table(c.attfdwoptions) AS o;

-- view: column_privileges
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    x.relname::information_schema.sql_identifier AS table_name,
    x.attname::information_schema.sql_identifier AS column_name,
    x.privilege_type::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(x.grantee, x.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT
        c.oid AS relid, c.relname, c.relnamespace, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type,
        p.is_grantable
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS p
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
    UNION
    SELECT
        c.oid, c.relname, c.relnamespace, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type,
        p.is_grantable
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL aclexplode(coalesce(a.attacl, acldefault('c', c.relowner))) AS p
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
) AS x
JOIN pg_namespace AS nc ON nc.oid = x.relnamespace
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES') AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

-- view: column_udt_usage
SELECT
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    (coalesce(nbt.nspname, nt.nspname))::information_schema.sql_identifier AS udt_schema,
    (coalesce(bt.typname, t.typname))::information_schema.sql_identifier AS udt_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS nc ON nc.oid = c.relnamespace
JOIN (pg_type AS t JOIN pg_namespace AS nt ON nt.oid = t.typnamespace) ON t.oid = a.atttypid
LEFT JOIN (pg_type AS bt JOIN pg_namespace AS nbt ON nbt.oid = bt.typnamespace)
    ON t.typtype = 'd' AND bt.oid = t.typbasetype
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
  AND pg_has_role(coalesce(bt.typowner, t.typowner), 'USAGE');

-- view: columns
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name,
    a.attnum::information_schema.cardinal_number AS ordinal_position,
    (CASE WHEN a.attgenerated = '' THEN pg_get_expr(ad.adbin, ad.adrelid) END)::information_schema.character_data AS column_default,
    (CASE WHEN NOT a.attnotnull AND NOT (t.typtype = 'd' AND t.typnotnull) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_nullable,
    (CASE WHEN t.typtype = 'd' THEN CASE WHEN bt.typelem <> 0 AND bt.typlen = -1 THEN 'ARRAY' WHEN nbt.nspname = 'pg_catalog' THEN format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END ELSE CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END END)::information_schema.character_data AS data_type,
    (information_schema._pg_char_max_length(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS character_maximum_length,
    (information_schema._pg_char_octet_length(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS character_octet_length,
    (information_schema._pg_numeric_precision(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_precision,
    (information_schema._pg_numeric_precision_radix(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_precision_radix,
    (information_schema._pg_numeric_scale(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS numeric_scale,
    (information_schema._pg_datetime_precision(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.cardinal_number AS datetime_precision,
    (information_schema._pg_interval_type(information_schema._pg_truetypid(a, t), information_schema._pg_truetypmod(a, t)))::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    (CASE WHEN nco.nspname IS NOT NULL AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default') THEN current_database() END)::information_schema.sql_identifier AS collation_catalog,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN nco.nspname END)::information_schema.sql_identifier AS collation_schema,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN co.collname END)::information_schema.sql_identifier AS collation_name,
    (CASE WHEN t.typtype = 'd' THEN current_database() END)::information_schema.sql_identifier AS domain_catalog,
    (CASE WHEN t.typtype = 'd' THEN nt.nspname END)::information_schema.sql_identifier AS domain_schema,
    (CASE WHEN t.typtype = 'd' THEN t.typname END)::information_schema.sql_identifier AS domain_name,
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    (coalesce(nbt.nspname, nt.nspname))::information_schema.sql_identifier AS udt_schema,
    (coalesce(bt.typname, t.typname))::information_schema.sql_identifier AS udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    a.attnum::information_schema.sql_identifier AS dtd_identifier,
    ('NO')::information_schema.yes_or_no AS is_self_referencing,
    (CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_identity,
    (CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END)::information_schema.character_data AS identity_generation,
    seq.seqstart::information_schema.character_data AS identity_start,
    seq.seqincrement::information_schema.character_data AS identity_increment,
    seq.seqmax::information_schema.character_data AS identity_maximum,
    seq.seqmin::information_schema.character_data AS identity_minimum,
    (CASE WHEN seq.seqcycle THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS identity_cycle,
    (CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END)::information_schema.character_data AS is_generated,
    (CASE WHEN a.attgenerated <> '' THEN pg_get_expr(ad.adbin, ad.adrelid) END)::information_schema.character_data AS generation_expression,
    (CASE WHEN c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND pg_column_is_updatable(c.oid::regclass, a.attnum, false)) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_updatable
FROM pg_attribute AS a
LEFT JOIN pg_attrdef AS ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
JOIN (pg_class AS c JOIN pg_namespace AS nc ON nc.oid = c.relnamespace) ON c.oid = a.attrelid
JOIN (pg_type AS t JOIN pg_namespace AS nt ON nt.oid = t.typnamespace) ON t.oid = a.atttypid
LEFT JOIN (pg_type AS bt JOIN pg_namespace AS nbt ON nbt.oid = bt.typnamespace)
    ON t.typtype = 'd' AND bt.oid = t.typbasetype
LEFT JOIN (pg_collation AS co JOIN pg_namespace AS nco ON nco.oid = co.collnamespace)
    ON co.oid = a.attcollation AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default')
LEFT JOIN (pg_depend AS dep JOIN pg_sequence AS seq
           ON dep.classid = 'pg_class'::regclass AND dep.objid = seq.seqrelid AND dep.deptype = 'i')
    ON dep.refclassid = 'pg_class'::regclass AND dep.refobjid = c.oid AND dep.refobjsubid = a.attnum
WHERE NOT pg_is_other_temp_schema(nc.oid) AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'v', 'f', 'p')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

-- view: constraint_column_usage
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    x.table_schema::information_schema.sql_identifier AS table_schema,
    x.table_name::information_schema.sql_identifier AS table_name,
    x.column_name::information_schema.sql_identifier AS column_name,
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    x.constraint_schema::information_schema.sql_identifier AS constraint_schema,
    x.constraint_name::information_schema.sql_identifier AS constraint_name
FROM (
    SELECT DISTINCT
        nr.nspname AS table_schema, r.relname AS table_name, r.relowner AS owner, a.attname AS column_name,
        nc.nspname AS constraint_schema, c.conname AS constraint_name
    FROM pg_constraint AS c
    JOIN pg_namespace AS nc ON nc.oid = c.connamespace
    JOIN pg_depend AS d ON d.classid = 'pg_constraint'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS r ON r.oid = d.refobjid
    JOIN pg_namespace AS nr ON nr.oid = r.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND NOT a.attisdropped
    WHERE c.contype = 'c' AND r.relkind IN ('r', 'p')
    UNION ALL
    SELECT nr.nspname, r.relname, r.relowner, a.attname, nc.nspname, c.conname
    FROM pg_constraint AS c
    JOIN pg_namespace AS nc ON nc.oid = c.connamespace
    JOIN pg_class AS r ON r.oid = CASE c.contype WHEN 'f' THEN c.confrelid ELSE c.conrelid END
    JOIN pg_namespace AS nr ON nr.oid = r.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND NOT a.attisdropped
        AND a.attnum = ANY (CASE c.contype WHEN 'f' THEN c.confkey ELSE c.conkey END)
    WHERE c.contype IN ('p', 'u', 'f', 'n') AND r.relkind IN ('r', 'p')
) AS x
WHERE pg_has_role(x.owner, 'USAGE');

-- view: constraint_table_usage
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nr.nspname::information_schema.sql_identifier AS table_schema,
    r.relname::information_schema.sql_identifier AS table_name,
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    nc.nspname::information_schema.sql_identifier AS constraint_schema,
    c.conname::information_schema.sql_identifier AS constraint_name
FROM pg_constraint AS c
JOIN pg_namespace AS nc ON nc.oid = c.connamespace
JOIN pg_class AS r ON (c.contype = 'f' AND r.oid = c.confrelid) OR (c.contype IN ('p', 'u') AND r.oid = c.conrelid)
JOIN pg_namespace AS nr ON nr.oid = r.relnamespace
WHERE r.relkind IN ('r', 'p') AND pg_has_role(r.relowner, 'USAGE');

-- view: data_type_privileges
SELECT
    (current_database())::information_schema.sql_identifier AS object_catalog,
    x.objschema::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    x.objtype::information_schema.character_data AS object_type,
    x.objdtdid::information_schema.sql_identifier AS dtd_identifier
FROM (
    SELECT udt_schema AS objschema, udt_name AS objname, 'USER-DEFINED TYPE'::text AS objtype, dtd_identifier AS objdtdid
    FROM information_schema.attributes
    UNION ALL
    SELECT table_schema, table_name, 'TABLE'::text, dtd_identifier FROM information_schema.columns
    UNION ALL
    SELECT domain_schema, domain_name, 'DOMAIN'::text, dtd_identifier FROM information_schema.domains
    UNION ALL
    SELECT specific_schema, specific_name, 'ROUTINE'::text, dtd_identifier FROM information_schema.parameters
    UNION ALL
    SELECT specific_schema, specific_name, 'ROUTINE'::text, dtd_identifier FROM information_schema.routines
) AS x;

-- view: domain_constraints
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    rs.nspname::information_schema.sql_identifier AS constraint_schema,
    con.conname::information_schema.sql_identifier AS constraint_name,
    (current_database())::information_schema.sql_identifier AS domain_catalog,
    n.nspname::information_schema.sql_identifier AS domain_schema,
    t.typname::information_schema.sql_identifier AS domain_name,
    (CASE WHEN con.condeferrable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_deferrable,
    (CASE WHEN con.condeferred THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS initially_deferred
FROM pg_constraint AS con
JOIN pg_namespace AS rs ON rs.oid = con.connamespace
JOIN pg_type AS t ON t.oid = con.contypid
JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'));

-- view: domain_udt_usage
SELECT
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nbt.nspname::information_schema.sql_identifier AS udt_schema,
    bt.typname::information_schema.sql_identifier AS udt_name,
    (current_database())::information_schema.sql_identifier AS domain_catalog,
    nt.nspname::information_schema.sql_identifier AS domain_schema,
    t.typname::information_schema.sql_identifier AS domain_name
FROM pg_type AS t
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace
JOIN pg_type AS bt ON bt.oid = t.typbasetype
JOIN pg_namespace AS nbt ON nbt.oid = bt.typnamespace
WHERE t.typtype = 'd' AND pg_has_role(bt.typowner, 'USAGE');

-- view: domains
SELECT
    (current_database())::information_schema.sql_identifier AS domain_catalog,
    nt.nspname::information_schema.sql_identifier AS domain_schema,
    t.typname::information_schema.sql_identifier AS domain_name,
    (CASE WHEN bt.typelem <> 0 AND bt.typlen = -1 THEN 'ARRAY' WHEN nbt.nspname = 'pg_catalog' THEN format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END)::information_schema.character_data AS data_type,
    (information_schema._pg_char_max_length(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS character_maximum_length,
    (information_schema._pg_char_octet_length(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    (CASE WHEN nco.nspname IS NOT NULL AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default') THEN current_database() END)::information_schema.sql_identifier AS collation_catalog,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN nco.nspname END)::information_schema.sql_identifier AS collation_schema,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN co.collname END)::information_schema.sql_identifier AS collation_name,
    (information_schema._pg_numeric_precision(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS numeric_precision,
    (information_schema._pg_numeric_precision_radix(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS numeric_precision_radix,
    (information_schema._pg_numeric_scale(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS numeric_scale,
    (information_schema._pg_datetime_precision(t.typbasetype, t.typtypmod))::information_schema.cardinal_number AS datetime_precision,
    (information_schema._pg_interval_type(t.typbasetype, t.typtypmod))::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    t.typdefault::information_schema.character_data AS domain_default,
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nbt.nspname::information_schema.sql_identifier AS udt_schema,
    bt.typname::information_schema.sql_identifier AS udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    1::information_schema.sql_identifier AS dtd_identifier
FROM pg_type AS t
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace
JOIN (pg_type AS bt JOIN pg_namespace AS nbt ON nbt.oid = bt.typnamespace) ON bt.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN (pg_collation AS co JOIN pg_namespace AS nco ON nco.oid = co.collnamespace)
    ON co.oid = t.typcollation AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE');

-- view: element_types
SELECT
    (current_database())::information_schema.sql_identifier AS object_catalog,
    n.nspname::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    x.objtype::information_schema.character_data AS object_type,
    x.objdtdid::information_schema.sql_identifier AS collection_type_identifier,
    (CASE WHEN nbt.nspname = 'pg_catalog' THEN format_type(bt.oid, NULL) ELSE 'USER-DEFINED' END)::information_schema.character_data AS data_type,
    NULL::information_schema.cardinal_number AS character_maximum_length,
    NULL::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    (CASE WHEN nco.nspname IS NOT NULL AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default') THEN current_database() END)::information_schema.sql_identifier AS collation_catalog,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN nco.nspname END)::information_schema.sql_identifier AS collation_schema,
    (CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN co.collname END)::information_schema.sql_identifier AS collation_name,
    NULL::information_schema.cardinal_number AS numeric_precision,
    NULL::information_schema.cardinal_number AS numeric_precision_radix,
    NULL::information_schema.cardinal_number AS numeric_scale,
    NULL::information_schema.cardinal_number AS datetime_precision,
    NULL::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nbt.nspname::information_schema.sql_identifier AS udt_schema,
    bt.typname::information_schema.sql_identifier AS udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    ('a' || x.objdtdid::text)::information_schema.sql_identifier AS dtd_identifier
FROM pg_namespace AS n
JOIN (
    SELECT c.relnamespace, c.relname::information_schema.sql_identifier,
           CASE WHEN c.relkind = 'c' THEN 'USER-DEFINED TYPE'::text ELSE 'TABLE'::text END,
           a.attnum::information_schema.sql_identifier, a.atttypid, a.attcollation
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'v', 'f', 'c', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.typnamespace, t.typname::information_schema.sql_identifier, 'DOMAIN'::text,
           1::information_schema.sql_identifier, t.typbasetype, t.typcollation
    FROM pg_type AS t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT p.pronamespace, nameconcatoid(p.proname, p.oid)::information_schema.sql_identifier, 'ROUTINE'::text,
           q.n::information_schema.sql_identifier, q.x, 0::oid
    FROM pg_proc AS p
    CROSS JOIN LATERAL information_schema._pg_expandarray(coalesce(p.proallargtypes, p.proargtypes::oid[])) AS q (x, n)
    UNION ALL
    SELECT p.pronamespace, nameconcatoid(p.proname, p.oid)::information_schema.sql_identifier, 'ROUTINE'::text,
           0::information_schema.sql_identifier, p.prorettype, 0::oid
    FROM pg_proc AS p
) AS x (objschema, objname, objtype, objdtdid, objtypeid, objcollation) ON x.objschema = n.oid
JOIN pg_type AS at ON at.oid = x.objtypeid AND at.typelem <> 0 AND at.typlen = -1
JOIN (pg_type AS bt JOIN pg_namespace AS nbt ON nbt.oid = bt.typnamespace) ON bt.oid = at.typelem
LEFT JOIN (pg_collation AS co JOIN pg_namespace AS nco ON nco.oid = co.collnamespace)
    ON co.oid = x.objcollation AND (nco.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE (n.nspname, x.objname::text, x.objtype, x.objdtdid::text) IN (
    SELECT object_schema, object_name::text, object_type, dtd_identifier::text
    FROM information_schema.data_type_privileges);

-- view: enabled_roles
SELECT
    a.rolname::information_schema.sql_identifier AS role_name
FROM pg_authid AS a
WHERE pg_has_role(a.oid, 'USAGE');

-- view: foreign_data_wrapper_options
SELECT
    b.foreign_data_wrapper_catalog::information_schema.sql_identifier AS foreign_data_wrapper_catalog,
    b.foreign_data_wrapper_name::information_schema.sql_identifier AS foreign_data_wrapper_name,
    o.option_name::information_schema.sql_identifier AS option_name,
    o.option_value::information_schema.character_data AS option_value
FROM information_schema._pg_foreign_data_wrappers AS b
CROSS JOIN LATERAL pg_options_to_table(b.fdwoptions) AS o;

-- view: foreign_data_wrappers
SELECT
    b.foreign_data_wrapper_catalog::information_schema.sql_identifier AS foreign_data_wrapper_catalog,
    b.foreign_data_wrapper_name::information_schema.sql_identifier AS foreign_data_wrapper_name,
    b.authorization_identifier::information_schema.sql_identifier AS authorization_identifier,
    NULL::information_schema.character_data AS library_name,
    b.foreign_data_wrapper_language::information_schema.character_data AS foreign_data_wrapper_language
FROM information_schema._pg_foreign_data_wrappers AS b;

-- view: foreign_server_options
SELECT
    b.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    b.foreign_server_name::information_schema.sql_identifier AS foreign_server_name,
    o.option_name::information_schema.sql_identifier AS option_name,
    o.option_value::information_schema.character_data AS option_value
FROM information_schema._pg_foreign_servers AS b
CROSS JOIN LATERAL pg_options_to_table(b.srvoptions) AS o;

-- view: foreign_servers
SELECT
    b.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    b.foreign_server_name::information_schema.sql_identifier AS foreign_server_name,
    b.foreign_data_wrapper_catalog::information_schema.sql_identifier AS foreign_data_wrapper_catalog,
    b.foreign_data_wrapper_name::information_schema.sql_identifier AS foreign_data_wrapper_name,
    b.foreign_server_type::information_schema.character_data AS foreign_server_type,
    b.foreign_server_version::information_schema.character_data AS foreign_server_version,
    b.authorization_identifier::information_schema.sql_identifier AS authorization_identifier
FROM information_schema._pg_foreign_servers AS b;

-- view: foreign_table_options
SELECT
    b.foreign_table_catalog::information_schema.sql_identifier AS foreign_table_catalog,
    b.foreign_table_schema::information_schema.sql_identifier AS foreign_table_schema,
    b.foreign_table_name::information_schema.sql_identifier AS foreign_table_name,
    o.option_name::information_schema.sql_identifier AS option_name,
    o.option_value::information_schema.character_data AS option_value
FROM information_schema._pg_foreign_tables AS b
CROSS JOIN LATERAL pg_options_to_table(b.ftoptions) AS o;

-- view: foreign_tables
SELECT
    b.foreign_table_catalog::information_schema.sql_identifier AS foreign_table_catalog,
    b.foreign_table_schema::information_schema.sql_identifier AS foreign_table_schema,
    b.foreign_table_name::information_schema.sql_identifier AS foreign_table_name,
    b.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    b.foreign_server_name::information_schema.sql_identifier AS foreign_server_name
FROM information_schema._pg_foreign_tables AS b;

-- view: information_schema_catalog_name
SELECT
    (current_database())::information_schema.sql_identifier AS catalog_name
;

-- view: key_column_usage
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    k.con_schema::information_schema.sql_identifier AS constraint_schema,
    k.conname::information_schema.sql_identifier AS constraint_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    k.rel_schema::information_schema.sql_identifier AS table_schema,
    k.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name,
    k.n::information_schema.cardinal_number AS ordinal_position,
    (CASE WHEN k.contype = 'f' THEN information_schema._pg_index_position(k.conindid, k.confkey[k.n]) END)::information_schema.cardinal_number AS position_in_unique_constraint
FROM (
    SELECT
        nc.nspname AS con_schema, c.conname, c.contype, c.conindid, c.confkey, nr.nspname AS rel_schema,
        r.oid AS relid, r.relname, r.relowner, q.x AS attnum, q.n
    FROM pg_constraint AS c
    JOIN pg_namespace AS nc ON nc.oid = c.connamespace
    JOIN pg_class AS r ON r.oid = c.conrelid
    JOIN pg_namespace AS nr ON nr.oid = r.relnamespace
    CROSS JOIN LATERAL information_schema._pg_expandarray(c.conkey) AS q (x, n)
    WHERE c.contype IN ('p', 'u', 'f') AND r.relkind IN ('r', 'p') AND NOT pg_is_other_temp_schema(nr.oid)
) AS k
JOIN pg_attribute AS a ON a.attrelid = k.relid AND a.attnum = k.attnum
WHERE NOT a.attisdropped
  AND (pg_has_role(k.relowner, 'USAGE') OR has_column_privilege(k.relid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

-- view: parameters
SELECT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    p.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    p.n::information_schema.cardinal_number AS ordinal_position,
    (CASE WHEN p.proargmodes IS NULL THEN 'IN' ELSE CASE p.proargmodes[p.n] WHEN 'i' THEN 'IN' WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 'v' THEN 'IN' WHEN 't' THEN 'OUT' END END)::information_schema.character_data AS parameter_mode,
    ('NO')::information_schema.yes_or_no AS is_result,
    ('NO')::information_schema.yes_or_no AS as_locator,
    (nullif(p.proargnames[p.n], ''))::information_schema.sql_identifier AS parameter_name,
    (CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END)::information_schema.character_data AS data_type,
    NULL::information_schema.cardinal_number AS character_maximum_length,
    NULL::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    NULL::information_schema.sql_identifier AS collation_catalog,
    NULL::information_schema.sql_identifier AS collation_schema,
    NULL::information_schema.sql_identifier AS collation_name,
    NULL::information_schema.cardinal_number AS numeric_precision,
    NULL::information_schema.cardinal_number AS numeric_precision_radix,
    NULL::information_schema.cardinal_number AS numeric_scale,
    NULL::information_schema.cardinal_number AS datetime_precision,
    NULL::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nt.nspname::information_schema.sql_identifier AS udt_schema,
    t.typname::information_schema.sql_identifier AS udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    p.n::information_schema.sql_identifier AS dtd_identifier,
    (CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN pg_get_function_arg_default(p.oid, p.n) END)::information_schema.character_data AS parameter_default
FROM (
    SELECT n.nspname, f.proname, f.oid, f.proowner, f.proargnames, f.proargmodes, q.x, q.n
    FROM pg_proc AS f
    JOIN pg_namespace AS n ON n.oid = f.pronamespace
    CROSS JOIN LATERAL information_schema._pg_expandarray(coalesce(f.proallargtypes, f.proargtypes::oid[])) AS q (x, n)
    WHERE pg_has_role(f.proowner, 'USAGE') OR has_function_privilege(f.oid, 'EXECUTE')
) AS p
JOIN pg_type AS t ON t.oid = p.x
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace;

-- view: referential_constraints
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    nc.nspname::information_schema.sql_identifier AS constraint_schema,
    con.conname::information_schema.sql_identifier AS constraint_name,
    (CASE WHEN uc.conname IS NOT NULL THEN current_database() END)::information_schema.sql_identifier AS unique_constraint_catalog,
    nuc.nspname::information_schema.sql_identifier AS unique_constraint_schema,
    uc.conname::information_schema.sql_identifier AS unique_constraint_name,
    (CASE con.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END)::information_schema.character_data AS match_option,
    (CASE con.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END)::information_schema.character_data AS update_rule,
    (CASE con.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' END)::information_schema.character_data AS delete_rule
FROM pg_constraint AS con
JOIN pg_namespace AS nc ON nc.oid = con.connamespace
JOIN pg_class AS c ON c.oid = con.conrelid
LEFT JOIN pg_constraint AS uc
    ON uc.conindid = con.conindid AND uc.conrelid = con.confrelid AND uc.contype IN ('p', 'u')
LEFT JOIN pg_namespace AS nuc ON nuc.oid = uc.connamespace
WHERE con.contype = 'f'
  AND (pg_has_role(c.relowner, 'USAGE')
       OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

-- view: role_column_grants
SELECT
    p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, p.column_name, p.privilege_type,
    p.is_grantable
FROM information_schema.column_privileges AS p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles AS r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles AS r);

-- view: role_routine_grants
SELECT
    p.grantor, p.grantee, p.specific_catalog, p.specific_schema, p.specific_name, p.routine_catalog,
    p.routine_schema, p.routine_name, p.privilege_type, p.is_grantable
FROM information_schema.routine_privileges AS p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles AS r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles AS r);

-- view: role_table_grants
SELECT
    p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, p.privilege_type, p.is_grantable,
    p.with_hierarchy
FROM information_schema.table_privileges AS p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles AS r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles AS r);

-- view: role_udt_grants
SELECT
    p.grantor, p.grantee, p.udt_catalog, p.udt_schema, p.udt_name, p.privilege_type, p.is_grantable
FROM information_schema.udt_privileges AS p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles AS r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles AS r);

-- view: role_usage_grants
SELECT
    p.grantor, p.grantee, p.object_catalog, p.object_schema, p.object_name, p.object_type, p.privilege_type,
    p.is_grantable
FROM information_schema.usage_privileges AS p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles AS r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles AS r);

-- view: routine_column_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    np.nspname::information_schema.sql_identifier AS routine_schema,
    p.proname::information_schema.sql_identifier AS routine_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nt.nspname::information_schema.sql_identifier AS table_schema,
    t.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name
FROM pg_proc AS p
JOIN pg_namespace AS np ON np.oid = p.pronamespace
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class AS t ON t.oid = d.refobjid
JOIN pg_namespace AS nt ON nt.oid = t.relnamespace
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

-- view: routine_privileges
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    n.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(x.proname, x.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    n.nspname::information_schema.sql_identifier AS routine_schema,
    x.proname::information_schema.sql_identifier AS routine_name,
    ('EXECUTE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.proowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT f.oid, f.proname, f.proowner, f.pronamespace, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_proc AS f
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS p
) AS x
JOIN pg_namespace AS n ON n.oid = x.pronamespace
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

-- view: routine_routine_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    nu.nspname::information_schema.sql_identifier AS routine_schema,
    (nameconcatoid(u.proname, u.oid))::information_schema.sql_identifier AS routine_name
FROM pg_proc AS p
JOIN pg_namespace AS np ON np.oid = p.pronamespace
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
JOIN pg_proc AS u ON u.oid = d.refobjid
JOIN pg_namespace AS nu ON nu.oid = u.pronamespace
WHERE p.prokind IN ('f', 'p') AND u.prokind IN ('f', 'p') AND pg_has_role(u.proowner, 'USAGE');

-- view: routine_sequence_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    np.nspname::information_schema.sql_identifier AS routine_schema,
    p.proname::information_schema.sql_identifier AS routine_name,
    (current_database())::information_schema.sql_identifier AS sequence_catalog,
    nt.nspname::information_schema.sql_identifier AS sequence_schema,
    t.relname::information_schema.sql_identifier AS sequence_name
FROM pg_proc AS p
JOIN pg_namespace AS np ON np.oid = p.pronamespace
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class AS t ON t.oid = d.refobjid
JOIN pg_namespace AS nt ON nt.oid = t.relnamespace
WHERE t.relkind = 'S' AND pg_has_role(t.relowner, 'USAGE');

-- view: routine_table_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    np.nspname::information_schema.sql_identifier AS routine_schema,
    p.proname::information_schema.sql_identifier AS routine_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nt.nspname::information_schema.sql_identifier AS table_schema,
    t.relname::information_schema.sql_identifier AS table_name
FROM pg_proc AS p
JOIN pg_namespace AS np ON np.oid = p.pronamespace
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class AS t ON t.oid = d.refobjid
JOIN pg_namespace AS nt ON nt.oid = t.relnamespace
WHERE t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

-- view: routines
SELECT
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    n.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    (current_database())::information_schema.sql_identifier AS routine_catalog,
    n.nspname::information_schema.sql_identifier AS routine_schema,
    p.proname::information_schema.sql_identifier AS routine_name,
    (CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END)::information_schema.character_data AS routine_type,
    NULL::information_schema.sql_identifier AS module_catalog,
    NULL::information_schema.sql_identifier AS module_schema,
    NULL::information_schema.sql_identifier AS module_name,
    NULL::information_schema.sql_identifier AS udt_catalog,
    NULL::information_schema.sql_identifier AS udt_schema,
    NULL::information_schema.sql_identifier AS udt_name,
    (CASE WHEN p.prokind = 'p' THEN NULL ELSE CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END END)::information_schema.character_data AS data_type,
    NULL::information_schema.cardinal_number AS character_maximum_length,
    NULL::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    NULL::information_schema.sql_identifier AS collation_catalog,
    NULL::information_schema.sql_identifier AS collation_schema,
    NULL::information_schema.sql_identifier AS collation_name,
    NULL::information_schema.cardinal_number AS numeric_precision,
    NULL::information_schema.cardinal_number AS numeric_precision_radix,
    NULL::information_schema.cardinal_number AS numeric_scale,
    NULL::information_schema.cardinal_number AS datetime_precision,
    NULL::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    (CASE WHEN nt.nspname IS NOT NULL THEN current_database() END)::information_schema.sql_identifier AS type_udt_catalog,
    nt.nspname::information_schema.sql_identifier AS type_udt_schema,
    t.typname::information_schema.sql_identifier AS type_udt_name,
    NULL::information_schema.sql_identifier AS scope_catalog,
    NULL::information_schema.sql_identifier AS scope_schema,
    NULL::information_schema.sql_identifier AS scope_name,
    NULL::information_schema.cardinal_number AS maximum_cardinality,
    (CASE WHEN p.prokind <> 'p' THEN 0 END)::information_schema.sql_identifier AS dtd_identifier,
    (CASE WHEN l.lanname = 'sql' THEN 'SQL' ELSE 'EXTERNAL' END)::information_schema.character_data AS routine_body,
    (CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN p.prosrc END)::information_schema.character_data AS routine_definition,
    (CASE WHEN l.lanname = 'c' THEN p.prosrc END)::information_schema.character_data AS external_name,
    (upper(l.lanname))::information_schema.character_data AS external_language,
    ('GENERAL')::information_schema.character_data AS parameter_style,
    (CASE WHEN p.provolatile = 'i' THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_deterministic,
    ('MODIFIES')::information_schema.character_data AS sql_data_access,
    (CASE WHEN p.prokind <> 'p' THEN CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END END)::information_schema.yes_or_no AS is_null_call,
    NULL::information_schema.character_data AS sql_path,
    ('YES')::information_schema.yes_or_no AS schema_level_routine,
    0::information_schema.cardinal_number AS max_dynamic_result_sets,
    NULL::information_schema.yes_or_no AS is_user_defined_cast,
    NULL::information_schema.yes_or_no AS is_implicitly_invocable,
    (CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END)::information_schema.character_data AS security_type,
    NULL::information_schema.sql_identifier AS to_sql_specific_catalog,
    NULL::information_schema.sql_identifier AS to_sql_specific_schema,
    NULL::information_schema.sql_identifier AS to_sql_specific_name,
    ('NO')::information_schema.yes_or_no AS as_locator,
    NULL::information_schema.time_stamp AS created,
    NULL::information_schema.time_stamp AS last_altered,
    NULL::information_schema.yes_or_no AS new_savepoint_level,
    ('NO')::information_schema.yes_or_no AS is_udt_dependent,
    NULL::information_schema.character_data AS result_cast_from_data_type,
    NULL::information_schema.yes_or_no AS result_cast_as_locator,
    NULL::information_schema.cardinal_number AS result_cast_char_max_length,
    NULL::information_schema.cardinal_number AS result_cast_char_octet_length,
    NULL::information_schema.sql_identifier AS result_cast_char_set_catalog,
    NULL::information_schema.sql_identifier AS result_cast_char_set_schema,
    NULL::information_schema.sql_identifier AS result_cast_char_set_name,
    NULL::information_schema.sql_identifier AS result_cast_collation_catalog,
    NULL::information_schema.sql_identifier AS result_cast_collation_schema,
    NULL::information_schema.sql_identifier AS result_cast_collation_name,
    NULL::information_schema.cardinal_number AS result_cast_numeric_precision,
    NULL::information_schema.cardinal_number AS result_cast_numeric_precision_radix,
    NULL::information_schema.cardinal_number AS result_cast_numeric_scale,
    NULL::information_schema.cardinal_number AS result_cast_datetime_precision,
    NULL::information_schema.character_data AS result_cast_interval_type,
    NULL::information_schema.cardinal_number AS result_cast_interval_precision,
    NULL::information_schema.sql_identifier AS result_cast_type_udt_catalog,
    NULL::information_schema.sql_identifier AS result_cast_type_udt_schema,
    NULL::information_schema.sql_identifier AS result_cast_type_udt_name,
    NULL::information_schema.sql_identifier AS result_cast_scope_catalog,
    NULL::information_schema.sql_identifier AS result_cast_scope_schema,
    NULL::information_schema.sql_identifier AS result_cast_scope_name,
    NULL::information_schema.cardinal_number AS result_cast_maximum_cardinality,
    NULL::information_schema.sql_identifier AS result_cast_dtd_identifier
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
LEFT JOIN (pg_type AS t JOIN pg_namespace AS nt ON nt.oid = t.typnamespace) ON t.oid = p.prorettype AND p.prokind <> 'p'
WHERE pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE');

-- view: schemata
SELECT
    (current_database())::information_schema.sql_identifier AS catalog_name,
    n.nspname::information_schema.sql_identifier AS schema_name,
    u.rolname::information_schema.sql_identifier AS schema_owner,
    NULL::information_schema.sql_identifier AS default_character_set_catalog,
    NULL::information_schema.sql_identifier AS default_character_set_schema,
    NULL::information_schema.sql_identifier AS default_character_set_name,
    NULL::information_schema.character_data AS sql_path
FROM pg_namespace AS n
JOIN pg_authid AS u ON u.oid = n.nspowner
WHERE pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'CREATE, USAGE');

-- view: sequences
SELECT
    (current_database())::information_schema.sql_identifier AS sequence_catalog,
    nc.nspname::information_schema.sql_identifier AS sequence_schema,
    c.relname::information_schema.sql_identifier AS sequence_name,
    (format_type(s.seqtypid, NULL))::information_schema.character_data AS data_type,
    (information_schema._pg_numeric_precision(s.seqtypid, -1))::information_schema.cardinal_number AS numeric_precision,
    2::information_schema.cardinal_number AS numeric_precision_radix,
    0::information_schema.cardinal_number AS numeric_scale,
    s.seqstart::information_schema.character_data AS start_value,
    s.seqmin::information_schema.character_data AS minimum_value,
    s.seqmax::information_schema.character_data AS maximum_value,
    s.seqincrement::information_schema.character_data AS increment,
    (CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS cycle_option
FROM pg_class AS c
JOIN pg_namespace AS nc ON nc.oid = c.relnamespace
JOIN pg_sequence AS s ON s.seqrelid = c.oid
WHERE c.relkind = 'S' AND NOT pg_is_other_temp_schema(nc.oid)
  AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT, UPDATE, USAGE'));

-- view: table_constraints
SELECT
    (current_database())::information_schema.sql_identifier AS constraint_catalog,
    nc.nspname::information_schema.sql_identifier AS constraint_schema,
    k.conname::information_schema.sql_identifier AS constraint_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nr.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    (CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'n' THEN 'CHECK' WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END)::information_schema.character_data AS constraint_type,
    (CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_deferrable,
    (CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS initially_deferred,
    (CASE WHEN k.conenforced THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS enforced,
    (CASE WHEN k.contype = 'u' THEN (SELECT CASE WHEN i.indnullsnotdistinct THEN 'NO' ELSE 'YES' END FROM pg_index AS i WHERE i.indexrelid = k.conindid) END)::information_schema.yes_or_no AS nulls_distinct
FROM pg_constraint AS k
JOIN pg_namespace AS nc ON nc.oid = k.connamespace
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS nr ON nr.oid = c.relnamespace
WHERE k.contype NOT IN ('t', 'x') AND c.relkind IN ('r', 'p') AND NOT pg_is_other_temp_schema(nr.oid)
  AND (pg_has_role(c.relowner, 'USAGE')
       OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

-- view: table_privileges
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    x.relname::information_schema.sql_identifier AS table_name,
    x.privilege_type::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable,
    (CASE WHEN x.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS with_hierarchy
FROM (
    SELECT c.relname, c.relnamespace, c.relowner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_class AS c
    CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS p
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
) AS x
JOIN pg_namespace AS nc ON nc.oid = x.relnamespace
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
  AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

-- view: tables
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    (CASE WHEN nc.oid = pg_my_temp_schema() THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE' WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'f' THEN 'FOREIGN' END)::information_schema.character_data AS table_type,
    NULL::information_schema.sql_identifier AS self_referencing_column_name,
    NULL::information_schema.character_data AS reference_generation,
    (CASE WHEN t.typname IS NOT NULL THEN current_database() END)::information_schema.sql_identifier AS user_defined_type_catalog,
    nt.nspname::information_schema.sql_identifier AS user_defined_type_schema,
    t.typname::information_schema.sql_identifier AS user_defined_type_name,
    (CASE WHEN c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND pg_relation_is_updatable(c.oid::regclass, false) & 8 = 8) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_insertable_into,
    (CASE WHEN t.typname IS NOT NULL THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_typed,
    NULL::information_schema.character_data AS commit_action
FROM pg_class AS c
JOIN pg_namespace AS nc ON nc.oid = c.relnamespace
LEFT JOIN (pg_type AS t JOIN pg_namespace AS nt ON nt.oid = t.typnamespace) ON t.oid = c.reloftype
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND NOT pg_is_other_temp_schema(nc.oid)
  AND (pg_has_role(c.relowner, 'USAGE')
       OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

-- view: transforms
SELECT
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nt.nspname::information_schema.sql_identifier AS udt_schema,
    t.typname::information_schema.sql_identifier AS udt_name,
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    l.lanname::information_schema.sql_identifier AS group_name,
    ('FROM SQL')::information_schema.character_data AS transform_type
FROM pg_type AS t
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace
JOIN pg_transform AS x ON x.trftype = t.oid
JOIN pg_language AS l ON l.oid = x.trflang
JOIN pg_proc AS p ON p.oid = x.trffromsql
JOIN pg_namespace AS np ON np.oid = p.pronamespace
WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE')
UNION
SELECT
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    nt.nspname::information_schema.sql_identifier AS udt_schema,
    t.typname::information_schema.sql_identifier AS udt_name,
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name,
    l.lanname::information_schema.sql_identifier AS group_name,
    ('TO SQL')::information_schema.character_data AS transform_type
FROM pg_type AS t
JOIN pg_namespace AS nt ON nt.oid = t.typnamespace
JOIN pg_transform AS x ON x.trftype = t.oid
JOIN pg_language AS l ON l.oid = x.trflang
JOIN pg_proc AS p ON p.oid = x.trftosql
JOIN pg_namespace AS np ON np.oid = p.pronamespace
WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE')
ORDER BY udt_catalog, udt_schema, udt_name, group_name, transform_type;

-- view: triggered_update_columns
SELECT
    (current_database())::information_schema.sql_identifier AS trigger_catalog,
    n.nspname::information_schema.sql_identifier AS trigger_schema,
    t.tgname::information_schema.sql_identifier AS trigger_name,
    (current_database())::information_schema.sql_identifier AS event_object_catalog,
    n.nspname::information_schema.sql_identifier AS event_object_schema,
    c.relname::information_schema.sql_identifier AS event_object_table,
    a.attname::information_schema.sql_identifier AS event_object_column
FROM pg_trigger AS t
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(t.tgattr::int2[]) AS k (attnum)
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE NOT t.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
  AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'INSERT, UPDATE, REFERENCES'));

-- view: triggers
SELECT
    (current_database())::information_schema.sql_identifier AS trigger_catalog,
    n.nspname::information_schema.sql_identifier AS trigger_schema,
    t.tgname::information_schema.sql_identifier AS trigger_name,
    em.word::information_schema.character_data AS event_manipulation,
    (current_database())::information_schema.sql_identifier AS event_object_catalog,
    n.nspname::information_schema.sql_identifier AS event_object_schema,
    c.relname::information_schema.sql_identifier AS event_object_table,
    (rank() OVER (PARTITION BY n.oid, c.oid, em.bit, t.tgtype & 1, t.tgtype & 66 ORDER BY t.tgname))::information_schema.cardinal_number AS action_order,
    (CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN (regexp_match(pg_get_triggerdef(t.oid), E'.{35,} WHEN \\((.+)\\) EXECUTE FUNCTION'))[1] END)::information_schema.character_data AS action_condition,
    (substring(pg_get_triggerdef(t.oid) FROM position('EXECUTE FUNCTION' IN substring(pg_get_triggerdef(t.oid) FROM 48)) + 47))::information_schema.character_data AS action_statement,
    (CASE t.tgtype & 1 WHEN 1 THEN 'ROW' ELSE 'STATEMENT' END)::information_schema.character_data AS action_orientation,
    (CASE t.tgtype & 66 WHEN 2 THEN 'BEFORE' WHEN 64 THEN 'INSTEAD OF' ELSE 'AFTER' END)::information_schema.character_data AS action_timing,
    t.tgoldtable::information_schema.sql_identifier AS action_reference_old_table,
    t.tgnewtable::information_schema.sql_identifier AS action_reference_new_table,
    NULL::information_schema.sql_identifier AS action_reference_old_row,
    NULL::information_schema.sql_identifier AS action_reference_new_row,
    NULL::information_schema.time_stamp AS created
FROM pg_trigger AS t
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) AS em (bit, word) ON t.tgtype & em.bit <> 0
WHERE NOT t.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
  AND (pg_has_role(c.relowner, 'USAGE')
       OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

-- view: udt_privileges
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS udt_catalog,
    n.nspname::information_schema.sql_identifier AS udt_schema,
    x.typname::information_schema.sql_identifier AS udt_name,
    ('TYPE USAGE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.typowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT t.typname, t.typnamespace, t.typowner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_type AS t
    CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) AS p
    WHERE t.typtype = 'c'
) AS x
JOIN pg_namespace AS n ON n.oid = x.typnamespace
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

-- view: usage_privileges
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    ('PUBLIC')::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS object_catalog,
    n.nspname::information_schema.sql_identifier AS object_schema,
    c.collname::information_schema.sql_identifier AS object_name,
    ('COLLATION')::information_schema.character_data AS object_type,
    ('USAGE')::information_schema.character_data AS privilege_type,
    ('NO')::information_schema.yes_or_no AS is_grantable
FROM pg_authid AS u
JOIN pg_collation AS c ON c.collowner = u.oid
JOIN pg_namespace AS n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database AS d WHERE d.datname = current_database()))
UNION ALL
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS object_catalog,
    n.nspname::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    ('DOMAIN')::information_schema.character_data AS object_type,
    ('USAGE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.owner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT t.typname AS objname, t.typnamespace AS nsp, t.typowner AS owner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_type AS t
    CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) AS p
    WHERE t.typtype = 'd'
) AS x
JOIN pg_namespace AS n ON n.oid = x.nsp
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC')
UNION ALL
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS object_catalog,
    ('')::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    ('FOREIGN DATA WRAPPER')::information_schema.character_data AS object_type,
    ('USAGE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.owner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT t.fdwname AS objname, 0::oid AS nsp, t.fdwowner AS owner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_foreign_data_wrapper AS t
    CROSS JOIN LATERAL aclexplode(coalesce(t.fdwacl, acldefault('F', t.fdwowner))) AS p
) AS x
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC')
UNION ALL
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS object_catalog,
    ('')::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    ('FOREIGN SERVER')::information_schema.character_data AS object_type,
    ('USAGE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.owner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT t.srvname AS objname, 0::oid AS nsp, t.srvowner AS owner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_foreign_server AS t
    CROSS JOIN LATERAL aclexplode(coalesce(t.srvacl, acldefault('S', t.srvowner))) AS p
) AS x
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC')
UNION ALL
SELECT
    u.rolname::information_schema.sql_identifier AS grantor,
    grantee.rolname::information_schema.sql_identifier AS grantee,
    (current_database())::information_schema.sql_identifier AS object_catalog,
    n.nspname::information_schema.sql_identifier AS object_schema,
    x.objname::information_schema.sql_identifier AS object_name,
    ('SEQUENCE')::information_schema.character_data AS object_type,
    ('USAGE')::information_schema.character_data AS privilege_type,
    (CASE WHEN pg_has_role(grantee.oid, x.owner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_grantable
FROM (
    SELECT t.relname AS objname, t.relnamespace AS nsp, t.relowner AS owner, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_class AS t
    CROSS JOIN LATERAL aclexplode(coalesce(t.relacl, acldefault('r', t.relowner))) AS p
    WHERE t.relkind = 'S'
) AS x
JOIN pg_namespace AS n ON n.oid = x.nsp
JOIN pg_authid AS u ON u.oid = x.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC') AS grantee (oid, rolname) ON grantee.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND (pg_has_role(u.oid, 'USAGE') OR pg_has_role(grantee.oid, 'USAGE') OR grantee.rolname = 'PUBLIC');

-- view: user_defined_types
SELECT
    (current_database())::information_schema.sql_identifier AS user_defined_type_catalog,
    n.nspname::information_schema.sql_identifier AS user_defined_type_schema,
    c.relname::information_schema.sql_identifier AS user_defined_type_name,
    ('STRUCTURED')::information_schema.character_data AS user_defined_type_category,
    ('YES')::information_schema.yes_or_no AS is_instantiable,
    NULL::information_schema.yes_or_no AS is_final,
    NULL::information_schema.character_data AS ordering_form,
    NULL::information_schema.character_data AS ordering_category,
    NULL::information_schema.sql_identifier AS ordering_routine_catalog,
    NULL::information_schema.sql_identifier AS ordering_routine_schema,
    NULL::information_schema.sql_identifier AS ordering_routine_name,
    NULL::information_schema.character_data AS reference_type,
    NULL::information_schema.character_data AS data_type,
    NULL::information_schema.cardinal_number AS character_maximum_length,
    NULL::information_schema.cardinal_number AS character_octet_length,
    NULL::information_schema.sql_identifier AS character_set_catalog,
    NULL::information_schema.sql_identifier AS character_set_schema,
    NULL::information_schema.sql_identifier AS character_set_name,
    NULL::information_schema.sql_identifier AS collation_catalog,
    NULL::information_schema.sql_identifier AS collation_schema,
    NULL::information_schema.sql_identifier AS collation_name,
    NULL::information_schema.cardinal_number AS numeric_precision,
    NULL::information_schema.cardinal_number AS numeric_precision_radix,
    NULL::information_schema.cardinal_number AS numeric_scale,
    NULL::information_schema.cardinal_number AS datetime_precision,
    NULL::information_schema.character_data AS interval_type,
    NULL::information_schema.cardinal_number AS interval_precision,
    NULL::information_schema.sql_identifier AS source_dtd_identifier,
    NULL::information_schema.sql_identifier AS ref_dtd_identifier
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_type AS t ON t.oid = c.reltype
WHERE c.relkind = 'c' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'));

-- view: user_mapping_options
SELECT
    b.authorization_identifier::information_schema.sql_identifier AS authorization_identifier,
    b.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    b.foreign_server_name::information_schema.sql_identifier AS foreign_server_name,
    o.option_name::information_schema.sql_identifier AS option_name,
    (CASE WHEN (b.umuser <> 0 AND b.authorization_identifier = CURRENT_USER) OR (b.umuser = 0 AND pg_has_role(b.srvowner::name, 'USAGE')) OR (SELECT r.rolsuper FROM pg_authid AS r WHERE r.rolname = CURRENT_USER) THEN o.option_value END)::information_schema.character_data AS option_value
FROM information_schema._pg_user_mappings AS b
CROSS JOIN LATERAL pg_options_to_table(b.umoptions) AS o;

-- view: user_mappings
SELECT
    b.authorization_identifier::information_schema.sql_identifier AS authorization_identifier,
    b.foreign_server_catalog::information_schema.sql_identifier AS foreign_server_catalog,
    b.foreign_server_name::information_schema.sql_identifier AS foreign_server_name
FROM information_schema._pg_user_mappings AS b;

-- view: view_column_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS view_catalog,
    nv.nspname::information_schema.sql_identifier AS view_schema,
    v.relname::information_schema.sql_identifier AS view_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nt.nspname::information_schema.sql_identifier AS table_schema,
    t.relname::information_schema.sql_identifier AS table_name,
    a.attname::information_schema.sql_identifier AS column_name
FROM pg_class AS v
JOIN pg_namespace AS nv ON nv.oid = v.relnamespace
JOIN pg_depend AS dv ON dv.refclassid = 'pg_class'::regclass AND dv.refobjid = v.oid
    AND dv.classid = 'pg_rewrite'::regclass AND dv.deptype = 'i'
JOIN pg_depend AS dt ON dt.classid = 'pg_rewrite'::regclass AND dt.objid = dv.objid AND dt.refobjid <> v.oid
    AND dt.refclassid = 'pg_class'::regclass
JOIN pg_class AS t ON t.oid = dt.refobjid
JOIN pg_namespace AS nt ON nt.oid = t.relnamespace
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = dt.refobjsubid
WHERE v.relkind = 'v' AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

-- view: view_routine_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nv.nspname::information_schema.sql_identifier AS table_schema,
    v.relname::information_schema.sql_identifier AS table_name,
    (current_database())::information_schema.sql_identifier AS specific_catalog,
    np.nspname::information_schema.sql_identifier AS specific_schema,
    (nameconcatoid(p.proname, p.oid))::information_schema.sql_identifier AS specific_name
FROM pg_class AS v
JOIN pg_namespace AS nv ON nv.oid = v.relnamespace
JOIN pg_depend AS dv ON dv.refclassid = 'pg_class'::regclass AND dv.refobjid = v.oid
    AND dv.classid = 'pg_rewrite'::regclass AND dv.deptype = 'i'
JOIN pg_depend AS dt ON dt.classid = 'pg_rewrite'::regclass AND dt.objid = dv.objid AND dt.refobjid <> v.oid
    AND dt.refclassid = 'pg_proc'::regclass
JOIN pg_proc AS p ON p.oid = dt.refobjid
JOIN pg_namespace AS np ON np.oid = p.pronamespace
WHERE v.relkind = 'v' AND pg_has_role(p.proowner, 'USAGE');

-- view: view_table_usage
SELECT DISTINCT
    (current_database())::information_schema.sql_identifier AS view_catalog,
    nv.nspname::information_schema.sql_identifier AS view_schema,
    v.relname::information_schema.sql_identifier AS view_name,
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nt.nspname::information_schema.sql_identifier AS table_schema,
    t.relname::information_schema.sql_identifier AS table_name
FROM pg_class AS v
JOIN pg_namespace AS nv ON nv.oid = v.relnamespace
JOIN pg_depend AS dv ON dv.refclassid = 'pg_class'::regclass AND dv.refobjid = v.oid
    AND dv.classid = 'pg_rewrite'::regclass AND dv.deptype = 'i'
JOIN pg_depend AS dt ON dt.classid = 'pg_rewrite'::regclass AND dt.objid = dv.objid AND dt.refobjid <> v.oid
    AND dt.refclassid = 'pg_class'::regclass
JOIN pg_class AS t ON t.oid = dt.refobjid
JOIN pg_namespace AS nt ON nt.oid = t.relnamespace
WHERE v.relkind = 'v' AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

-- view: views
SELECT
    (current_database())::information_schema.sql_identifier AS table_catalog,
    nc.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name,
    (CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN pg_get_viewdef(c.oid) END)::information_schema.character_data AS view_definition,
    (CASE WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED' WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL' ELSE 'NONE' END)::information_schema.character_data AS check_option,
    (CASE WHEN pg_relation_is_updatable(c.oid::regclass, false) & 20 = 20 THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_updatable,
    (CASE WHEN pg_relation_is_updatable(c.oid::regclass, false) & 8 = 8 THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_insertable_into,
    (CASE WHEN EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgtype & 81 = 81) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_trigger_updatable,
    (CASE WHEN EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgtype & 73 = 73) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_trigger_deletable,
    (CASE WHEN EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgtype & 69 = 69) THEN 'YES' ELSE 'NO' END)::information_schema.yes_or_no AS is_trigger_insertable_into
FROM pg_class AS c
JOIN pg_namespace AS nc ON nc.oid = c.relnamespace
WHERE c.relkind = 'v'
  AND (pg_has_role(c.relowner, 'USAGE')
       OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
       OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));
