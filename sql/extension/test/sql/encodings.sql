-- Databases of other encodings: values go as UTF-8, and no error shows a byte of one.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE DATABASE regress_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
CREATE DATABASE regress_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
CREATE DATABASE regress_win ENCODING 'WIN1252' LOCALE 'C' TEMPLATE template0;

\connect regress_latin1
\encoding UTF8
CREATE EXTENSION fieldkms;
SET fieldkms.tenant = 'acme';
SELECT kms.mask('echo', 'Zoë'), kms.context('name', 'Zoë');
SELECT kms.mask('latin', 'x');
SELECT kms.mask('no_utf8', 'x');
SELECT kms.rotate_key('json_latin'), kms.rotate_key('Zoë') ->> 'name' AS escaped;
SELECT kms.rotate_key('json_chinese');

\connect regress_ascii
CREATE EXTENSION fieldkms;
SET fieldkms.tenant = 'acme';
SELECT kms.mask('echo', 'Zoë') = 'Zoë' AS utf8_goes_through;
SELECT kms.mask('echo', E'4111\xff');
SELECT kms.context('name', E'4111\xff');
SELECT kms.mask('zero_byte', 'x');
SELECT kms.rotate_key('json_latin') ->> 'name' = 'Zoë' AS utf8_goes_through;
SELECT kms.rotate_key(E'4111\xff');

\connect regress_win
\encoding UTF8
CREATE EXTENSION fieldkms;
SET fieldkms.tenant = 'acme';
SELECT kms.mask('echo', '€5');
SELECT kms.mask('echo', '4111' || convert_from('\x81', 'WIN1252'));

\connect contrib_regression
DROP DATABASE regress_latin1;
DROP DATABASE regress_ascii;
DROP DATABASE regress_win;
