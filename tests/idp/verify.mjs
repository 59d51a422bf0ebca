#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// verify.mjs JWKS_URL CA < token: an independent check, with jose.
import * as https from 'node:https';
import * as fs from 'node:fs';
import { jwtVerify, createLocalJWKSet } from 'jose';

const [url, ca] = process.argv.slice(2);
const body = await new Promise((ok, bad) => {
  https.get(url, { ca: fs.readFileSync(ca) }, (r) => {
    let t = '';
    r.on('data', (d) => { t += d; }).on('end', () => ok(t));
  }).on('error', bad);
});
try {
  const { protectedHeader, payload } = await jwtVerify(fs.readFileSync(0, 'utf8').trim(), createLocalJWKSet(JSON.parse(body)));
  console.log('ok', JSON.stringify(protectedHeader), payload.iss, JSON.stringify(payload.aud));
} catch (e) {
  console.log('FAIL', e.code, e.message);
  process.exitCode = 1;
}
