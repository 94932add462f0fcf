-- The core of the guard kit: versions, bytes to be hashed, HMAC; install twice, removal.
\i :guard/core.sql
\i :guard/core.sql
SELECT plan(19);

SELECT is((SELECT count(*) FROM guard.modules), 1::bigint, 'installed twice it is there once');
SELECT lives_ok($$SELECT guard.register_module('tried', 2)$$, 'a module is registered');
SELECT lives_ok($$SELECT guard.register_module('tried', 3)$$, 'an upgrade is taken');
SELECT throws_ok($$SELECT guard.register_module('tried', 2)$$, '55000', NULL, 'a downgrade is refused');
SELECT throws_ok($$SELECT guard.register_module('no name', 1)$$, '23514', NULL, 'a name has letters');
SELECT is((SELECT version FROM guard.modules WHERE name = 'tried'), 3, 'the newest is registered');
SELECT ok(guard.version_at_least(13), 'this is 13 or later');
SELECT ok(NOT guard.version_at_least(99), 'this is not 99');

SELECT isnt(guard.canonical('ab', 'c'), guard.canonical('a', 'bc'), 'where values end is hashed');
SELECT isnt(guard.canonical('a', NULL), guard.canonical('a', ''), 'NULL is not an empty text');
SELECT isnt(guard.canonical('a'), guard.canonical('a', NULL), 'how many values is hashed');
SELECT is(guard.canonical('é', NULL), '\x0000000200000002c3a9ffffffff'::bytea, 'the bytes are these');

-- RFC 4231, test cases 1, 2, 3, 6.
SELECT is(guard.hmac_sha256(decode(repeat('0b', 20), 'hex'), 'Hi There'),
  '\xb0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'::bytea, 'RFC 4231, 1');
SELECT is(guard.hmac_sha256('Jefe', 'what do ya want for nothing?'),
  '\x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'::bytea, 'RFC 4231, 2');
SELECT is(guard.hmac_sha256(decode(repeat('aa', 20), 'hex'), decode(repeat('dd', 50), 'hex')),
  '\x773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'::bytea, 'RFC 4231, 3');
SELECT is(guard.hmac_sha256(decode(repeat('aa', 131), 'hex'), 'Test Using Larger Than Block-Size Key - Hash Key First'),
  '\x60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'::bytea, 'RFC 4231, 6');

SELECT is((SELECT count(*) FROM pg_proc p WHERE pronamespace = 'guard'::regnamespace
  AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)),
  0::bigint, 'no function is for everybody');

\set ON_ERROR_STOP off
\i :guard/core.remove.sql
\set ON_ERROR_STOP on
SELECT has_schema('guard', 'the core stays while a module is there');
DELETE FROM guard.modules WHERE name = 'tried';
\i :guard/core.remove.sql
SELECT hasnt_schema('guard', 'then it goes, and all with it');
SELECT * FROM finish();
