select * from t1
select t1.*, t2.y from t1 join t2 using (a)
select * from t1 natural join t2
select a from t1, t2
select zz from t1
select t3.a from t1
select t1.bb from t1
select aa from t1
select count(*), sum(a), avg(c), max(b) from t1
select a, count(*) from t1
select a, b, count(*) from t1 group by a
select b, a, count(*) from t1 group by b
select a + 'x' from t1
select a || b from t1
select a + b from t1
select b = a from t1
select foo(a) from t1
select lower(a) from t1
select lower(a, b) from t1
select case when a > 1 then 1 else 'x' end from t1
select case when a > 1 then 1 else b end from t1
select coalesce(a, 1.5), greatest(a, 2::bigint), nullif(a, 1) from t1
select array[1,2,3], array[1,'2'], array['a','b'], array[1,2.5]
select d[1], d[1:2] from t1
select row(1,'a'), (1,2)
select t1 from t1
select (t1).a from t1
select t1.q from t1
select (t1).q from t1
select a from t1 where b
select a from t1 where a in (1,2,'3')
select a from t1 where a in (select a, y from t2)
select a from t1 where (a, b) in (select a, x from t2)
select exists(select 1), (select y from t2), array(select x from t2)
select a from t1 order by 2
select a from t1 order by zz
select a as q, b as q from t1 order by q
select distinct on (a) a, b from t1 order by b
select 1 union select 'x'
select 1 union select 2.5
select 1, 2 union select 1
select 'a' as x union select b from t1 order by x
select 'a' as x union select b from t1 order by upper(x)
with q as (select 1 as n) select * from q
with recursive q(n) as (select 1 union all select n+1 from q where n < 10) select * from q
with recursive q(n) as (select 1 union all select n+1.5 from q where n < 10) select * from q
select sum(a) over (partition by b order by a), row_number() over w from t1 window w as (order by a)
select row_number() from t1
select sum(sum(a)) from t1
select a from t1 where sum(a) > 1
select a from t1 limit a
select generate_series(1,3), unnest(array[1,2])
select * from generate_series(1,3) g
select * from generate_series(1,3) with ordinality as g(a,b)
select * from unnest(array[1,2], array['a','b']) u
select * from json_each('{}')
select * from jsonb_to_record('{}')
select * from jsonb_to_record('{}') as x(a int, b text)
select extract(year from e), e + 1, e - e, e + interval '1 day' from t1
select '1'::int, int '5', '2020-01-01'::date, cast('x' as varchar(3))
select 'abc'::int
select 1::foo
select null, 'x', 1.5, 10000000000, 100000000000000000000, true, b'101', x'1f'
insert into t1 values (1,2,3,4,5,6)
insert into t1 (a, zz) values (1,2)
insert into t1 (a, a) values (1,2)
insert into t1 (a, b) values (1)
insert into t1 values ('x')
insert into t1 (e) values (1)
update t1 set zz = 1
update t1 set a = 'x'
update t1 set e = 1
update t1 set (a, b) = (1, 2, 3)
update t1 set a = 1, a = 2
delete from t1 where zz = 1
select * from t1 a, t2 a
select a.* from t1 as b
select t1.a from t1 as b
select * from nope
select * from nope.nope
select nope.abs(1)
select $1
select a from t1 group by 5
select 1 from t1 having a > 1
select interval '1' year, time '10:00', timestamp with time zone '2020-01-01'
select current_date, current_timestamp, current_user, localtime(2)
select a is distinct from 1, a between 1 and 2, b like 'a%', a is null, (a>1) is true from t1
select abs(a), round(c, 1), substring(b from 1 for 2), trim(b), position('a' in b), overlay(b placing 'x' from 1) from t1
select array_agg(a order by b), string_agg(b, ','), percentile_cont(0.5) within group (order by a) from t1
select rank(1) within group (order by a) from t1
select a from t1 for update of zz
select a from t1 group by a for update
select -a, @ a, not true, a % 2, 2 ^ 3, |/ 4 from t1
select * from t1 left join t2 on t1.a = t2.y full join t1 t3 using (a)
select * from t1 join t2 using (zz)
select * from (select 1 as x) s join lateral (select s.x + 1 as z) q on true
select * from (select 1 as x) s, (select s.x) q
values (1,'a'),(2,'b')
values (1,'a'),(2)
table t1
select a.b.c.d.e from t1
select *
select max(a) filter (where b = 'x') from t1
select lower(*) from t1
select distinct a from t1 order by b
select json_build_object('a', 1), jsonb '{"a":1}' -> 'a', ('{"a":1}'::jsonb)['a']
select 1 = any(array[1,2]), 1 < all(select a from t1), 'a' = any('{a,b}')
select a from t1 where a = any('x')
select grouping(a) from t1 group by a
select grouping(b) from t1 group by a
select a, b, count(*) from t1 group by rollup(a, b)
select a[1] from t1
select ('x'::text).foo
select (row1).b from t3
select (row1).zz from t3
select row1.b from t3
select t3.row1.b from t3
select (t3.row1).* from t3
select j['a']['b'], j[1] from t3
select j['a':'b'] from t3
update t3 set row1.a = 5
update t3 set row1.zz = 5
update t3 set j['a'] = '1'
update t1 set d[1] = 'x', d[2] = 'y'
update t1 set d[1] = 5
update t1 set b[1] = 5
update t1 set t1.a = 5
update t1 x set x.a = 5
insert into t3 (row1.a, row1.b) values (1, 'x')
insert into t1 (a) values (1), (2, 3)
insert into t1 (a, b) select 1
insert into t1 (a, b) values ((1, 2))
insert into t1 values (1) returning *, old.a, new.b
insert into t1 values (1) on conflict do update set b = 'x'
insert into t1 values (1) on conflict (a) do update set b = excluded.b where t1.a > 1 returning t1.a
insert into t1 values (1) on conflict (zz) do nothing
insert into t1 values (1) on conflict on constraint nope do nothing
insert into t1 values (1) on conflict (a desc) do nothing
insert into t1 select * from t1 on conflict (a) do update set b = 'x' returning excluded.a
update t1 set b = x from t2 where t1.a = t2.a returning t1.*, x
update t1 set b = 'x' from t1
update t1 set (a, b) = (select y, x from t2)
update t1 set (a, b) = (select 1, x from t2)
update t1 set (a, b) = (select a from t2)
delete from t1 using t2 where t1.a = t2.a returning old.*, new.a
delete from t1 using t2 x where t2.a = 1
merge into t1 using t2 on t1.a = t2.a when matched then update set b = x when not matched then insert (a, b) values (t2.a, t2.x)
merge into t1 using t2 on t1.a = t2.a when not matched then insert values (t1.a)
merge into t1 using t2 on t1.a = t2.a when matched then delete when matched then update set b = 'x'
merge into t1 using t2 as t1 on true when matched then delete
select * from t1 where current_date > e group by a
select a, sum(c) from t1 group by a order by sum(c) desc nulls last
select a as b, b as a from t1 order by a, b
select a + 1 as z from t1 order by z + 1
select sum(a) from t1 order by b
select t1.b from t1 group by t1.a
select b from t1 group by b having a > 1
select count(*) from t1 group by count(*)
select a from t1 group by a having sum(c) > 5 and a > (select max(y) from t2 where t2.a = t1.a)
select (select sum(t1.a) from t2) from t1
select (select sum(t1.a + t2.a) from t2) from t1
select (select t1.b from t2) from t1 group by t1.a
select (select t1.b from t2) from t1 group by t1.c
select rank() over (order by sum(a)) from t1
select rank() over (order by rank() over ()) from t1
select count(*) over w from t1 window w as (partition by b), w as (order by a)
select count(*) over nope from t1
select count(*) over (w order by a) from t1 window w as (order by b)
select sum(a) over (order by a range between 1 preceding and current row) from t1
select sum(a) over (order by b range between 1 preceding and current row) from t1
select sum(a) over (order by a, b range between 1 preceding and current row) from t1
select sum(a) over (order by e range between interval '1 day' preceding and current row) from t1
select sum(a) over (groups between 1 preceding and current row) from t1
select sum(a) over (order by a rows between 'x' preceding and current row) from t1
select row_number() over () from t1 where row_number() over () > 1
select array_agg(distinct a order by b) from t1
select count(distinct a, b) from t1
select count(distinct) from t1
select mode() within group (order by b), percentile_disc(array[0.5]) within group (order by a) from t1
select percentile_cont(0.5) from t1
select sum(a) within group (order by b) from t1
select sum(a order by b) from t2
select lower(b order by b) from t1
select generate_series(1, sum(a)) from t1
select sum(generate_series(1,3))
select case when true then generate_series(1,2) end
select coalesce(generate_series(1,2), 1)
select * from t1 where generate_series(1,2) = 1
select * from generate_series(1, generate_series(1,2))
select 1 limit generate_series(1,2)
select a from t1 limit 'x'
select a from t1 limit b
select a from t1 fetch first null rows with ties
select 1 = '1', 1.5 = '1.5', '1' = '1', date '2020-01-01' = '2020-01-02'
select 1 = 'x'
select 1 + null, null || 'x', null = null, - null
select 'a' || 1, 1 || 'a', 1 || 2
select array[1] || 2, 1 || array[2], array[1] || array[2], array[1] || null, array[1] || '{2}'
select array[1] = array['1'], array[1] @> array[2], array[1] || 'x'
select array[]
select array[]::int[], array[[1,2],[3,4]], array[[1],2]
select array[1, 'x']
select array[t1.a, t1.b] from t1
select row(1,2) = row(1,'2'), row(1,2) < row(3,4), row(1) = row(1,2)
select row(1,2) = row(1,'x')
select row(a, b) = row(b, a) from t1
select (1,2) is distinct from (1,2), (1, 2) is null
select row(1,2,3) in ((1,2,3), (4,5,6))
select 1 in (1, 2.5, 3), 'a' in ('b', 'c'), 1 in ('1', 'x')
select a in (b) from t1
select a not in (1,2), a <> all (array[1,2]), a = any ('{1,2}'::int[]) from t1
select a = any (b) from t1
select 1 between 0 and 'x'
select 1 between symmetric 2 and 0, 1 not between 1 and 2
select not a from t1
select a and true from t1
select a is true from t1
select b is null, b is not null, (a is null) is unknown from t1
select b collate "C", b collate "C" < 'x', a collate "C" from t1
select b collate "nope" from t1
select b collate "C" < b collate "POSIX" from t1
select max(b collate "C") from t1
select substring('abc' from 'b'), substring('abc' similar 'b' escape '#'), position('b' in 'abc')
select extract(year from now()), extract('x' from 1)
select trim(both 'x' from 'xax'), ltrim('xx'), overlay('abc' placing 'x' from 1 for 2)
select cast(1 as text), 1::text, 1::varchar(2), 'x'::char(3), 1::bool, true::int
select 1::date
select '2020-01-01'::date::timestamp, now()::date, now() at time zone 'UTC', current_timestamp at local
select 'x'::varchar(0)
select 1::numeric(3,1), 1.55::numeric(3), 1::int2, 70000::int2
select 1::nope.int
select 1::int(3)
select 'a'::"char", 'a'::name, 'a'::bpchar, b'1'::bit(3), b'1'::varbit(5)
select int4 '1', float8 '1.5', interval '1 day', interval(3) '1 sec', interval '1' hour
select text 'a', varchar(3) 'abc'
select abs(-1), abs('-1'), abs('x'), round(1.5), round(1.5, 1), mod(5, 2), power(2, 3)
select now() - now(), now() + '1 day', now() - interval '1 day', date '2020-01-01' + 1, 1 + date '2020-01-01'
select length('abc'), length('abc'::bytea), char_length('a'), octet_length('a'), upper('x'), initcap('x')
select concat('a', 1, null), concat_ws(',', 'a', 1), format('%s', 1), greatest('a', 'b'), least(1, 2.5)
select to_char(now(), 'YYYY'), to_char(1, '9'), to_date('x', 'y'), to_timestamp(1)
select pg_typeof(1), version(), pg_catalog.abs(1), public.abs(1)
select coalesce(null, null), coalesce('a', 'b'), coalesce(1, 'x')
select nullif(1, 2.5), nullif('a', 'b'), nullif(a, b) from t1
select greatest(a, b) from t1
select case a when 1 then 'a' when 2 then 'b' else null end, case when true then 1 end from t1
select case a when 'x' then 1 end from t1
select case when a then 1 end from t1
select case when true then 1 when false then '2' else 3.5 end
select json '{"a":1}' -> 'a' ->> 'b', '{}'::jsonb || '{}', '{"a":1}'::jsonb ? 'a', '[1]'::jsonb -> 0
select jsonb_agg(a), json_object_agg(a, b), string_agg(b, ',' order by a), bool_and(a > 1), every(true) from t1
select int4range(1,2), int4range(1,2) * int4range(2,3), lower(int4range(1,2)), range_merge(int4range(1,2), '[2,3)')
select anyelement('x')
select array_append(array[1,2], 3), array_append(array[1], 'x'), array_position(array['a'], 'a'), array_append(array[1], 2.5)
select array_cat(array[1], array['a']), unnest('{1,2}'::int[]), array_length(array[1], 1), cardinality('{}'::int[])
select array_append('{1,2}', 3), array_to_string(array[1], ','), string_to_array('a,b', ','), array_fill(0, array[2])
select width_bucket(5, array[1,2,3]), num_nulls(1, null), num_nulls(variadic array[1,2])
select format('%s', variadic array[1,2]), concat(variadic array['a','b']), concat(variadic 1)
select make_interval(days => 1), make_interval(days => 1, hours => 2), make_interval(1, days => 2)
select make_interval(nope => 1)
select make_interval(days => 1, days => 2)
select make_interval(days => 1, 2)
select make_date(2020, 1, 'x')
select abs(x => 1)
select sum(a, b) from t1
select max(a, b) from t1
select max() from t1
select count() from t1
select nope(1, 'a', null, b'1') from t1
select a.nope() from t1 a
select substring(1, 2)
select to_char(a) from t1
select sqrt('x'), sqrt(b) from t1
select 1 <-> 2
select a @@@ 1 from t1
select 1 OPERATOR(pg_catalog.+) 2, 1 OPERATOR(nope.+) 2
select ~ 'x'
select ! 5
select * from t1 x(p, q) where p = 1
select * from t1 x(p, q, r, s, t, u)
select * from (select 1, 2) x(p, q, r)
select * from (values (1, 'a'), (2, 'b')) v(n, s) where n = s
select * from (values (1), ('x')) v
select * from (values (1, 2), (3)) v
select * from (select 1 as a, 2 as a) x
select a from (select 1 as a, 2 as a) x
select x.* from (select 1 as a, 2 as a) x
select * from t1 join t2 on t1.a = t2.a
select a from t1 join t2 on t1.a = t2.a
select a from t1 join t2 using (a)
select t1.a, t2.a, a from t1 left join t2 using (a)
select a from t1 full join t2 using (a)
select * from t1 join t2 using (a, x)
select * from t1 join t2 using (a, a)
select * from t1 join t2 on t1.b
select * from t1 join t2 on t3.a = 1
select * from t1 join (t2 join t3 on t2.a = t3.id) on t1.a = t3.id
select * from (t1 join t2 using (a)) j where j.a = 1 and t1.b = 'x'
select j.x from (t1 join t2 using (a)) as j
select u.a, t1.b from t1 join t2 using (a) as u
select u.b from t1 join t2 using (a) as u
select * from t1 natural join t3
select * from t1 cross join t2 where t2.x = t1.b
select * from t1, lateral (select t1.a + t2.y as z from t2) q
select * from t1, (select t1.a) q
select * from t1 right join lateral (select t1.a) q on true
select * from t1 x, t1 x
select t1.a from t1 x
select public.t1.a, public.t1.* from public.t1
select nope.t1.a from t1
select nope.public.t1.a from t1
select ctid, tableoid, xmin, t1.ctid from t1
select ctid from (select 1) x
select oid from t1
select * from only t1
select * from t1 tablesample bernoulli (10) repeatable (1)
select * from t1 tablesample nope (10)
select * from generate_series(1,2) as g(x) where g = 1
select g, g.g, g.* from generate_series(1,2) g
select * from generate_series(1,2) as g(x, y)
select * from rows from (generate_series(1,2), unnest(array['a'])) as r(a, b)
select * from pg_get_keywords() limit 1
select word from pg_get_keywords() k
select * from jsonb_to_recordset('[]') as (a int, a text)
select * from generate_series(1,2) as (a int)
select * from jsonb_each('{}') as (key text, value jsonb)
select * from current_date
select * from abs(1)
select * from coalesce(1, 2)
select * from sum(1)
with x as (select 1), x as (select 2) select 1
with x(a, b, c) as (select 1, 2) select * from x
with x as (insert into t1 values (1) returning a) select * from x
with x as (insert into t1 values (1)) select * from x
with x as (select * from y), y as (select 1) select * from x
with recursive x as (select * from y), y as (select 1 as n) select * from x
with recursive x as (select * from y), y as (select * from x) select * from x
with recursive x(n) as (select n from x union all select 1) select * from x
with recursive x(n) as (select 1 union all select n from x, x y) select * from x
with recursive x(n) as (select 1 union all select n from x order by 1) select * from x
with recursive x(n) as (select 1 union all select 1 from t1 left join x on true) select * from x
with recursive x(n) as (select 1 union all select (select n from x)) select * from x
with recursive x(n) as (select 1 except select n from x) select * from x
with recursive x(n) as (select 1 union all select sum(n) from x) select * from x
with recursive x(n, m) as (select 1 union all select n from x) select * from x
with recursive x(n) as (select 'a' union all select n || 'b' from x) select * from x
with recursive x(n) as (select 1 union all select n + 1 from x) search depth first by n set o select * from x
with recursive x(n) as (select 1 union all select n + 1 from x) cycle n set c using p select * from x
with recursive x(n) as (select 1 union all select n + 1 from x) search depth first by zz set o select * from x
select * from (with q as (insert into t1 values (1) returning a) select * from q) x
select 1 union select 2 union all select 'x'
select 1 union select date '2020-01-01'
select a from t1 union select b from t1
select a from t1 union select a from t1 order by b
select a as z from t1 union select a from t1 order by z
select a from t1 union select a from t1 order by t1.a
select a from t1 union select a from t1 for update
select null union select 1
select null union select null
select '1' union select 1
select a from t1 intersect select y from t2 except select 1.5
(select 1 limit 1) union all (select 2 order by 1)
select * from t1 for update of t1 nowait
select * from t1 for share of public.t1
select * from t1 join t2 on true for update of t2
select count(*) from t1 for update
select distinct a from t1 for update
select * from generate_series(1,2) g for update of g
select a, b from t1 group by grouping sets ((a), (b), ())
select a, grouping(a, b), count(*) from t1 group by cube (a, b)
select a, c from t1 group by grouping sets ((a), (b))
select grouping(c) from t1 group by rollup (a)
select a, sum(c) from t1 group by rollup (a, (b, c))
select a + 1, count(*) from t1 group by a + 1
select a + 2, count(*) from t1 group by a + 1
select upper(b) from t1 group by upper(b) having upper(b) > 'a' order by upper(b)
select 'x' as k, count(*) from t1 group by k
select 'x', count(*) from t1 group by 1
select 1.5 from t1 group by 1.5
select a as x, b as x from t1 group by x
select distinct on (b) a from t1 order by b, a
select distinct on (1) a, b from t1
select distinct on (3) a, b from t1
select distinct j from t3
select distinct json '{}' from t3
select json '{}' union select json '{}'
select a from t1 order by json '{}'
select point '(1,2)' as p order by p
select max(j) from t3
select e - 1, e - e, e + time '10:00', e || 'x' from t1
select c * 2, c / 3, c + a, c || 'x', -c, c ^ 2, c % 2 from t1
select d || 'x', d || array['y'], 'x' || d, d[1] || 'x', d = '{a}' from t1
select t1.* from t2
select "A" from t1
select t1."B" from t1
select user, session_user, current_catalog, current_schema, current_role
select 1 as "select", 2 as x, 3 y
select t1 = t1, t1 is null, t1.a is null from t1
select t1 < t2 from t1, t2
select t1::text, (t1.*)::text, row(t1.*) from t1
select t1.*::text from t1
select count(t1), count(t1.*) from t1
select t1 || 'x' from t1
select array(select a from t1), array(select d from t1), array(select a, b from t1)
select (select a, b from t1)
select exists (select a, b from t1), (select 1) + 1
select a > all (select 'x') from t1
select (a, b) = (select 1, 'x') from t1
select (a, b) = (select 1) from t1
select (a, b) = any (select 1, 2) from t1
select 1 where 1
select 1 where null
select 1 where 'x'
select 1 where 'true'
select nextval('x'), nextval('t1'::regclass), 'int4'::regtype, 'nope'::regtype
select merge_action()
select default
select 0x1F, 1_000, 1e3, .5, 1., 123456789012, 12345678901234567890123
select -9223372036854775808, 9223372036854775808, -2147483648, 2147483648
select $1::int
select a as k, b from t1 where a > 1 and (b = 'x' or not b like 'y%') and c between 1 and 2
select t1.a as k, x, y from t1 left join t2 on t1.a = t2.a and t2.y > 5 order by y desc nulls last, x nulls first
select a, x as k from t1 join t2 using (a)
select a as k from t1 full join t2 using (a)
select q.z from (select a + 1 as z from t1) q where exists (select 1 from t2 where t2.a = q.z)
select case a when 1 then 'one' when 2 then 'two' else b end as k, coalesce(b, 'x') as l, nullif(a, 1) as m from t1
select a::text as k, a::bigint + 1 as l, b::varchar(3) as m, '5'::int as n, c::int as o, null::text as p from t1
select a as k from t1 where a in (1, 2, 3) and b not in ('x', 'y') and a = any (array[1, 2]) and a in (select y from t2)
select count(*) as n, sum(a) filter (where b is not null) as s, array_agg(distinct b order by b desc) as ar from t1 group by e having count(*) > 1
select sum(a) over (partition by b order by e rows between 1 preceding and unbounded following) as s, rank() over w as r from t1 window w as (order by a desc)
with recursive q(n) as (select 1 union all select n + 1 from q where n < 10) select n as k from q order by n limit 5 offset 1
with q as materialized (select a, b from t1), r as (select * from q) select r.a as k, q.b as l from r, q where r.a = q.a
select distinct on (a) a, b as l from t1 order by a, b desc
select extract(year from e) as y, e + interval '1 day' as d, now() at time zone 'UTC' as t, substring(b from 1 for 2) as s, trim(b) as tr, position('a' in b) as p, overlay(b placing 'x' from 2) as o from t1
select d[1] as k, d[1:2] as l, array[1, 2, a] as m, row(a, b) as n, (select max(y) from t2) as o from t1
select (row1).a as k, (row1).b as l, j -> 'a' ->> 'b' as m, j['a'] as n from t3
select t1 as whole, t1.a as k from t1
select g as k from generate_series(1, 3) g
select * from generate_series(1, 3) with ordinality as g(n, o)
select * from unnest(array[1, 2], array['a', 'b']) as u(p, q)
select * from jsonb_to_recordset('[]') as r(a int, b text)
select v.n as k from (values (1, 'a'), (2, 'b')) as v(n, s)
select a as k from only t1
select current_date as d, current_user as u, localtimestamp(2) as t, session_user as s
select b collate "C" as k, b < 'x' collate "C" as l from t1
select a is distinct from 1 as k, a is not distinct from 2 as l, (a > 1) is true as m, b is null as n, a between symmetric 1 and 2 as o from t1
select greatest(a, 1) as k, least(a, 2) as l, abs(-a) as m, -a as n, a * (a + 2) - 3 as o, (a + 1) * 2 as p, a - (1 - a) as q from t1
select (a, b) = (1, 'x') as k, (a, c) < (1, 2) as l, (a, b) in (select a, x from t2) as m from t1
select t1.a as k from t1 cross join t2 join t3 on t3.id = t1.a
select l.z as k from t1, lateral (select t1.a + y as z from t2) l
select make_interval(days => 10) as k, format('%s', variadic array['a']) as l, concat('a', 1) as m
select percentile_cont(0.5) within group (order by a) as k, mode() within group (order by b) as l from t1
select a as k from t1 where a = (select max(a) from t1 t where t.b = t1.b) and a <> all (select y from t2) and array(select y from t2) is not null
select 1.5 as k, 'x' as l, true as m, -5 as n, 1e10 as o, b'101' as p, 'a''b\c' as q, null as r
select a as k from t1 union all (select a from t2 order by a limit 1)
select (select count(*) from t2 where t2.a = t1.a) as k, t1.a + (select 1) as l from t1
select int4range(1, 5) * int4range(2, 3) as k, '{1,2}'::int[] as l, 'now'::text as m, interval '1 year' as n, '2020-01-01'::date as o
select a as k from t1 where b similar to 'x' and b ilike 'y' and b ~ 'z' and b like 'q' escape '#'
select a as k from t1 for update of t1 skip locked
select a as k from t1 fetch first 2 rows with ties
select a as k from t1 order by a fetch first 2 rows with ties
