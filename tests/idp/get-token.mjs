#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Obtains a real token from server.mjs without a browser.  See README.md.
import * as https from 'node:https';
import * as fs from 'node:fs';
import * as crypto from 'node:crypto';
import { parseArgs } from 'node:util';

const { values: o } = parseArgs({ options: {
  issuer: { type: 'string', default: process.env.OP_ISSUER }, ca: { type: 'string', default: process.env.OP_CA },
  flow: { type: 'string', default: 'code' },        // code | device | ciba | client_credentials
  user: { type: 'string', default: 'alice' }, alg: { type: 'string', default: 'RS256' }, client: { type: 'string' },
  scope: { type: 'string', default: 'openid profile email groups' },
  resource: { type: 'string' },                     // audience of the JWT access token
  nonce: { type: 'string' }, acr: { type: 'string' }, amr: { type: 'string' }, ttl: { type: 'string' },
  dpop: { type: 'string' },                         // EC P-256 private key PEM; made when absent
  refresh: { type: 'boolean', default: false },     // refresh once, answer the refreshed tokens
  out: { type: 'string', default: 'json' },         // json | id_token | access_token | decoded
} });
const svc = o.flow === 'client_credentials';
const client = o.client ?? `${svc ? 'svc' : 'ssh'}-${o.alg}`;
const agent = new https.Agent({ keepAlive: true, ca: fs.readFileSync(o.ca) });
const b64 = (x) => Buffer.from(x).toString('base64url');

const jar = new Map();
function http(method, url, { form, headers = {} } = {}) {
  const body = form && new URLSearchParams(Object.entries(form).filter(([, v]) => v !== undefined)).toString();
  return new Promise((ok, bad) => {
    const r = https.request(url, { method, agent, headers: { ...headers, ...(jar.size ? { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') } : {}),
      ...(body !== undefined ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) } : {}) } }, (res) => {
      for (const c of res.headers['set-cookie'] ?? []) { const [k, v] = c.split(';')[0].split(/=(.*)/); v ? jar.set(k, v) : jar.delete(k); }
      let t = ''; res.setEncoding('utf8').on('data', (d) => { t += d; }).on('end', () => ok({ status: res.statusCode, headers: res.headers, text: t }));
    }).on('error', bad);
    r.end(body);
  });
}
const json = (r) => { const j = JSON.parse(r.text); if (r.status >= 400) throw Object.assign(new Error(`${r.status} ${r.text}`), j); return j; };

// The "browser": follows redirects inside the OP, submits the first form of each HTML page.
async function browse(url, stop) {
  let r = await http('GET', url);
  for (let i = 0; i < 15; i += 1) {
    if (r.status >= 300 && r.status < 400) {
      url = new URL(r.headers.location, url).href;
      if (stop?.(url)) return url;
      r = await http('GET', url);
    } else if (r.status === 200 && /<form[^>]*action="([^"]+)"/.test(r.text)) {
      const action = new URL(RegExp.$1.replaceAll('&amp;', '&'), url).href;
      const form = {};
      for (const [tag] of r.text.matchAll(/<input[^>]*>/g)) {
        const a = (n) => tag.match(new RegExp(`${n}="([^"]*)"`))?.[1];
        if (a('name')) form[a('name')] = { login: o.user, password: 'x' }[a('name')] ?? a('value') ?? '';
      }
      r = await http('POST', action, { form }); url = action;
    } else if (r.status === 200 && !stop) return url;
    else throw new Error(`stuck at ${url}: ${r.status} ${r.text.slice(0, 400)}`);
  }
  throw new Error(`too many steps, at ${url}`);
}

const meta = json(await http('GET', `${o.issuer}/.well-known/openid-configuration`));
if (meta.issuer !== o.issuer) throw new Error(`issuer mismatch: ${meta.issuer}`);

let key;
if (o.dpop) {
  if (!fs.existsSync(o.dpop)) fs.writeFileSync(o.dpop, crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  key = crypto.createPrivateKey(fs.readFileSync(o.dpop));
}
function proof(htm, htu) { // RFC 9449
  const { kty, crv, x, y } = crypto.createPublicKey(key).export({ format: 'jwk' });
  const h = b64(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }));
  const p = b64(JSON.stringify({ jti: crypto.randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000) }));
  return `${h}.${p}.${b64(crypto.sign('sha256', `${h}.${p}`, { key, dsaEncoding: 'ieee-p1363' }))}`;
}
const token = async (form) => json(await http('POST', meta.token_endpoint, { form: { client_id: client, test_ttl: o.ttl, ...form },
  headers: key ? { dpop: proof('POST', meta.token_endpoint) } : {} }));

const scope = o.refresh ? `${o.scope} offline_access` : o.scope;
const ask = { client_id: client, scope, resource: o.resource, nonce: o.nonce, login_hint: o.user, acr_values: o.acr };
let t;
switch (o.flow) {
  case 'code': {
    const redirect_uri = 'http://127.0.0.1:8400/cb', code_verifier = b64(crypto.randomBytes(32)), state = b64(crypto.randomBytes(8));
    const u = new URL(meta.authorization_endpoint);
    const q = { ...ask, response_type: 'code', redirect_uri, state, code_challenge_method: 'S256', test_amr: o.amr,
      prompt: o.refresh ? 'consent' : undefined, code_challenge: crypto.createHash('sha256').update(code_verifier).digest('base64url') };
    for (const [k, v] of Object.entries(q)) if (v !== undefined) u.searchParams.set(k, v);
    const back = new URL(await browse(u.href, (x) => x.startsWith(redirect_uri))).searchParams;
    if (back.get('error')) throw new Error(`${back.get('error')}: ${back.get('error_description')}`);
    if (back.get('state') !== state || back.get('iss') !== o.issuer) throw new Error('state or iss mismatch');
    t = await token({ grant_type: 'authorization_code', code: back.get('code'), redirect_uri, code_verifier, resource: o.resource });
    break;
  }
  case 'device': {
    const d = json(await http('POST', meta.device_authorization_endpoint, { form: { ...ask, test_amr: o.amr } }));
    await browse(d.verification_uri_complete);
    t = await token({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: d.device_code });
    break;
  }
  case 'ciba': {
    const d = json(await http('POST', meta.backchannel_authentication_endpoint, { form: ask }));
    t = await token({ grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: d.auth_req_id });
    break;
  }
  case 'client_credentials':
    t = await token({ grant_type: 'client_credentials', client_secret: 'svc-secret-svc-secret-svc-secret', scope: 'ssh', resource: o.resource ?? 'https://ssh.test' });
    break;
  default: throw new Error('unknown flow');
}
if (o.refresh) t = await token({ grant_type: 'refresh_token', refresh_token: t.refresh_token });
const decode = (x) => { try { return x.split('.').slice(0, 2).map((s) => JSON.parse(Buffer.from(s, 'base64url'))); } catch { return x; } };
if (o.out === 'json') console.log(JSON.stringify(t, null, 1));
else if (o.out === 'decoded') for (const k of ['id_token', 'access_token']) { if (t[k]) console.log(k, t[k].length, JSON.stringify(decode(t[k]), null, 1)); }
else if (t[o.out]) process.stdout.write(`${t[o.out]}\n`);
else throw new Error(`no ${o.out} in the answer`);
agent.destroy();
